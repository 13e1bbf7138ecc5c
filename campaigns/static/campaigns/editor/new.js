// Says while somebody chooses how many leads a new campaign is for.
(function () {
    "use strict";

    const PAUSE = 250;

    document.addEventListener("DOMContentLoaded", function () {
        const form = document.getElementById("new-campaign");
        if (!form) { return; }
        const place = form.querySelector("[data-count-text]");
        let timer = 0;
        let asked = 0;

        async function count() {
            const number = ++asked;
            const chosen = new URLSearchParams(new FormData(form));
            chosen.delete("csrfmiddlewaretoken");
            try {
                const answer = await fetch(form.dataset.count + "&" + chosen, { headers: { Accept: "application/json" } });
                if (answer.ok && number === asked) { place.textContent = (await answer.json()).text; }
            } catch (error) {
                place.textContent = "";
            }
        }

        form.addEventListener("change", function () {
            window.clearTimeout(timer);
            timer = window.setTimeout(count, PAUSE);
        });
        count();
    });
})();
