// Keeps a part of the page as new as its stream says, and counts the seconds of calls that are under way.
(function () {
    "use strict";

    const MIN_MILLISECONDS = 700, RETRY = 4000, WITHOUT_STREAM = 5000, SAFETY = 20000;

    document.addEventListener("DOMContentLoaded", function () {
        const part = document.querySelector("[data-live]");
        if (!part) { return; }
        let source = null, open = false, fetching = false, again = false, last = Date.now(), timer = null;
        let skew = 0;

        async function refresh() {
            if (fetching) { again = true; return; }
            fetching = true; again = false;
            try {
                const answer = await fetch(part.dataset.live, { headers: { Accept: "text/html" } });
                if (answer.ok && !answer.redirected) { replace(await answer.text()); }
            } catch (error) { /* The next refresh tries again. */ }
            fetching = false; last = Date.now();
            if (again) { soon(); }
        }

        function replace(html) {
            const scrolled = Array.from(part.querySelectorAll("[data-keeps-scroll]"), (each) => each.scrollTop);
            part.innerHTML = html;
            part.querySelectorAll("[data-keeps-scroll]").forEach((each, place) => { each.scrollTop = scrolled[place] || 0; });
            mark(); tick();
            part.dispatchEvent(new CustomEvent("live:replaced", { bubbles: true }));
        }

        function soon() {
            if (timer || document.hidden) { return; }
            const wait = Math.max(MIN_MILLISECONDS - (Date.now() - last), 0);
            timer = window.setTimeout(function () { timer = null; refresh(); }, wait);
        }

        async function listen() {
            try {
                const answer = await fetch(part.dataset.ticket, { headers: { Accept: "application/json" } });
                if (!answer.ok || answer.redirected) { throw new Error(answer.status); }
                const url = (await answer.json()).url;
                // Without a tenant there is no stream; the page looks again by itself.
                if (url) { connect(url); }
            } catch (error) { window.setTimeout(listen, RETRY); }
        }

        function connect(url) {
            source = new EventSource(url);
            source.addEventListener("open", function () { open = true; mark(); soon(); });
            source.addEventListener("message", soon);
            source.addEventListener("resync", soon);
            ["end", "error"].forEach(function (name) { source.addEventListener(name, lost); });
        }

        // A ticket opens one stream, so the browser's own reconnection would be refused.
        function lost() {
            if (!source) { return; }
            source.close(); source = null; open = false; mark();
            window.setTimeout(listen, RETRY);
        }

        function mark() {
            part.querySelectorAll("[data-live-mark]").forEach(function (each) {
                each.classList.toggle("lad-live-on", open);
                each.querySelector("[data-live-text]").textContent = open ? "Live" : "Connecting";
            });
        }

        function tick() {
            part.querySelectorAll("[data-since]").forEach(function (each) {
                const seconds = Math.max(Math.floor((Date.now() - skew - Date.parse(each.dataset.since)) / 1000), 0);
                const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
                const two = (number) => String(number).padStart(2, "0");
                each.textContent = (hours ? hours + ":" + two(minutes % 60) : minutes) + ":" + two(seconds % 60);
            });
        }

        window.setInterval(tick, 1000);
        window.setInterval(function () {
            if (Date.now() - last > (open ? SAFETY : WITHOUT_STREAM)) { soon(); }
        }, 1000);
        document.addEventListener("visibilitychange", function () { if (!document.hidden) { soon(); } });
        mark(); tick(); listen();
    });
})();
