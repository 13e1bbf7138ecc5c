// Inserts variables where the cursor was, and shows the message while somebody writes it.
(function () {
    "use strict";

    const FIELDS = "[name=subject], [name=body], [name=html_content]";
    const PAUSE = 400;

    document.addEventListener("DOMContentLoaded", function () {
        const panel = document.querySelector("[data-template-panel]");
        const form = panel && panel.closest("form");
        if (!form) { return; }
        const shown = panel.querySelector("[data-preview]");
        let field = form.querySelector("[name=body]");
        let timer = 0;
        let variant = "1";
        let running = null;

        async function refresh() {
            if (running) { running.abort(); }
            running = new AbortController();
            const entered = new FormData(form);
            entered.set("preview_variant", variant);
            try {
                const answer = await fetch(panel.dataset.url, { method: "POST", body: entered, signal: running.signal });
                if (answer.ok) { shown.innerHTML = await answer.text(); }
            } catch (error) {
                if (error.name !== "AbortError") { throw error; }
            }
        }

        form.addEventListener("focusin", function (event) {
            if (event.target.matches(FIELDS)) { field = event.target; }
        });
        form.addEventListener("input", function () {
            window.clearTimeout(timer);
            timer = window.setTimeout(refresh, PAUSE);
        });
        panel.addEventListener("click", function (event) {
            const button = event.target.closest("button");
            if (button && button.dataset.insert && field) {
                field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
                field.focus();
                field.dispatchEvent(new Event("input", { bubbles: true }));
            } else if (button && button.dataset.variant) {
                variant = button.dataset.variant;
                refresh();
            }
        });
    });
})();
