// Lets the browser make or use a passkey, and sends what it answers with the form.
(function () {
    "use strict";

    const form = document.getElementById("passkey-form");
    const problem = document.getElementById("passkey-problem");
    if (!form) { return; }
    if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) {
        problem.textContent = "This browser does not offer passkeys.";
        return;
    }

    form.addEventListener("submit", async function (event) {
        event.preventDefault();
        const options = JSON.parse(document.getElementById("passkey-options").textContent);
        try {
            const answer = form.dataset.passkey === "create"
                ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
                : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
            form.elements.passkey.value = JSON.stringify(answer.toJSON());
        } catch (error) {
            problem.textContent = "The browser did not give a passkey: " + error.message;
            return;
        }
        form.submit();
    });
})();
