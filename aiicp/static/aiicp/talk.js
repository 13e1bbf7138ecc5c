// Sends messages without loading the page again, and shows the answer while it is written.
(function () {
    "use strict";

    document.addEventListener("DOMContentLoaded", function () {
        const talk = document.querySelector("[data-talk]");
        if (!talk) { return; }
        let busy = false;

        function bubble(kind, text) {
            const list = talk.querySelector("[data-messages]");
            list.querySelectorAll(".talk-hint").forEach(function (hint) { hint.remove(); });
            const outer = document.createElement("div");
            const inner = document.createElement("div");
            outer.className = "lad-bubble lad-bubble-" + kind;
            inner.className = "lad-bubble-text";
            inner.textContent = text;
            outer.append(inner);
            list.append(outer);
            list.scrollTop = list.scrollHeight;
            return inner;
        }

        function show(problem) {
            const place = talk.querySelector("[data-problem]");
            if (place) { place.textContent = problem; place.hidden = !problem; }
        }

        async function load(address) {
            // A conversation that has just begun gets its own page, with its title.
            if (address !== window.location.pathname) { window.location.assign(address); return; }
            const answer = await fetch(address + "?part=body", { headers: { Accept: "text/html" } });
            if (!answer.ok) { window.location.assign(address); return; }
            talk.innerHTML = await answer.text();
            scroll();
        }

        function scroll() {
            const list = talk.querySelector("[data-messages]");
            list.scrollTop = list.scrollHeight;
            const field = talk.querySelector("[data-say] textarea");
            if (field && window.matchMedia("(hover: hover)").matches) { field.focus(); }
        }

        // Calls take(name, data) for each server-sent event of a response.
        async function read(response, take) {
            const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
            let text = "";
            for (;;) {
                const next = await reader.read();
                if (next.done) { return; }
                text += next.value;
                const events = text.split("\n\n");
                text = events.pop();
                events.forEach(function (each) {
                    const lines = each.split("\n");
                    take(lines[0].replace("event: ", ""), JSON.parse(lines[1].replace("data: ", "")));
                });
            }
        }

        async function say(form, content) {
            busy = true;
            show("");
            const data = new FormData(form);
            data.set("content", content);
            const mine = bubble("own", content).parentElement;
            const shown = bubble("other", "…");
            shown.classList.add("talk-writing");
            let begun = false, address = "";
            try {
                const response = await fetch(window.location.pathname, {
                    method: "POST", body: data, headers: { Accept: "text/event-stream" },
                });
                if (!response.ok) { throw new Error(await response.text()); }
                address = response.headers.get("Content-Location") || window.location.pathname;
                await read(response, function (name, event) {
                    if (name === "piece") {
                        shown.textContent = (begun ? shown.textContent : "") + event.text;
                        begun = true;
                        const list = talk.querySelector("[data-messages]");
                        list.scrollTop = list.scrollHeight;
                    }
                });
                await load(address);
            } catch (error) {
                // What was said is stored, and its answer is finished without a reader: the page has it.
                if (address) { window.location.assign(address); return; }
                mine.remove();
                shown.parentElement.remove();
                show(error.message || "The message could not be sent. Try again.");
                const field = talk.querySelector("[data-say] textarea");
                if (field && !field.value) { field.value = content; }
            } finally {
                busy = false;
            }
        }

        talk.addEventListener("submit", function (event) {
            const form = event.target;
            const chosen = event.submitter && event.submitter.name === "content" ? event.submitter.value : "";
            const field = form.querySelector("textarea");
            if (!form.matches("[data-say], [data-suggestions]")) { return; }
            event.preventDefault();
            const content = (chosen || (field ? field.value : "")).trim();
            if (busy || !content) { return; }
            if (field) { field.value = ""; }
            say(form, content);
        });
        talk.addEventListener("keydown", function (event) {
            if (event.target.matches("[data-say] textarea") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
                event.preventDefault();
                event.target.form.requestSubmit();
            }
        });
        scroll();
    });
})();
