// Shows numbers beside links of the sidebar. A page that changes one sends "lad:badges" to the document.
(function () {
    "use strict";

    async function show(badge) {
        try {
            const answer = await fetch(badge.dataset.badge, { headers: { Accept: "application/json" } });
            if (!answer.ok || answer.redirected) { return; }
            const found = await answer.json();
            badge.textContent = found.shown;
            badge.hidden = !found.count;
        } catch (error) { /* The next page tries again. */ }
    }

    function all() { document.querySelectorAll("[data-badge]").forEach(show); }

    document.addEventListener("DOMContentLoaded", all);
    document.addEventListener("lad:badges", all);
})();
