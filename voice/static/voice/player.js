// Keeps the transcript in step with the recording: what is said now is marked, and a turn is played from its time.
(function () {
    "use strict";

    document.addEventListener("DOMContentLoaded", function () {
        const page = document.querySelector("[data-call]");
        if (!page) { return; }
        const audio = page.querySelector("[data-player]"), now = page.querySelector("[data-now]");
        const list = page.querySelector("[data-turns]");
        const turns = Array.from(page.querySelectorAll("[data-turns] [data-start]"), function (element) {
            const start = Number(element.dataset.start);
            return { element: element, start: start, end: Number(element.dataset.end || start + 1) };
        });
        let current = null;

        function show(turn) {
            if (turn === current) { return; }
            if (current) { current.element.classList.remove("voice-turn-now"); }
            current = turn;
            if (!turn) { return; }
            turn.element.classList.add("voice-turn-now");
            // The list scrolls, not the page.
            const top = turn.element.offsetTop - list.offsetTop, height = turn.element.offsetHeight;
            if (top < list.scrollTop || top + height > list.scrollTop + list.clientHeight) {
                list.scrollTo({ top: top - list.clientHeight / 3, behavior: "smooth" });
            }
        }

        function follow() {
            const at = audio.currentTime;
            show(turns.filter(function (turn) { return turn.start <= at + 0.05; }).pop() || null);
            if (now && audio.duration) { now.hidden = false; now.style.left = (100 * at / audio.duration) + "%"; }
        }

        function play(seconds) {
            if (!audio) { return; }
            audio.currentTime = seconds;
            follow();
            audio.play().catch(function () { /* The browser wants a click on the player itself first. */ });
        }

        if (audio) {
            ["timeupdate", "seeked", "loadedmetadata"].forEach(function (name) { audio.addEventListener(name, follow); });
            page.classList.add("voice-playable");
        }
        page.addEventListener("click", function (event) {
            const seek = event.target.closest("[data-seek]"), strip = event.target.closest("[data-seek-turn]");
            const link = event.target.closest("[data-turn]"), speed = event.target.closest("[data-speed]");
            if (seek) { play(Number(seek.dataset.seek)); }
            if (strip || link) {
                const element = document.getElementById("turn-" + (strip || link).dataset[strip ? "seekTurn" : "turn"]);
                const turn = turns.find(function (each) { return each.element === element; });
                if (turn) { event.preventDefault(); show(turn); if (strip) { play(turn.start); } else if (audio) { audio.currentTime = turn.start; } }
            }
            if (speed && audio) {
                audio.playbackRate = Number(speed.dataset.speed);
                page.querySelectorAll("[data-speed]").forEach(function (each) {
                    each.classList.toggle("lad-filter-chip-on", each === speed);
                });
            }
        });
    });
})();
