// Looks every few seconds whether an account is connected by now, and shows what the network asks for next.
(function () {
    "use strict";

    const EVERY = 3000;

    document.addEventListener("DOMContentLoaded", function () {
        const part = document.querySelector("[data-connecting]");
        if (!part) { return; }

        async function look() {
            if (!part.querySelector("[data-poll]")) { return; }
            if (!document.hidden) {
                try {
                    const answer = await fetch(part.dataset.connecting, { headers: { Accept: "text/html" } });
                    if (answer.ok && !answer.redirected) { show(await answer.text()); }
                } catch (error) { /* The next look tries again. */ }
            }
            window.setTimeout(look, EVERY);
        }

        function show(html) {
            const before = part.innerHTML;
            const holder = document.createElement("div");
            holder.innerHTML = html;
            if (holder.querySelector("[data-reload]") && !part.querySelector("[data-reload]")) {
                // It is over, or the network asks for something to be filled in.
                window.location.reload();
                return;
            }
            if (holder.innerHTML !== before) { part.innerHTML = holder.innerHTML; }
        }

        window.setTimeout(look, EVERY);
    });
})();
