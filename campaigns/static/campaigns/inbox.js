// Opens conversations without loading the page, sends its forms, follows its stream, and listens to keys.
(function () {
    "use strict";

    const MIN_MILLISECONDS = 600, RETRY = 4000, WITHOUT_STREAM = 15000, SAFETY = 60000, TOLD = 4500;

    document.addEventListener("DOMContentLoaded", function () {
        const inbox = document.getElementById("inbox");
        if (!inbox) { return; }
        const part = (name) => inbox.querySelector("[data-part=" + name + "]");
        const token = inbox.querySelector("input[name=csrfmiddlewaretoken]").value;
        const chosen = new Set();
        let source = null, live = false, timer = null, last = Date.now(), toldTimer = null, opening = 0;
        let threadToo = false;

        const lines = () => Array.from(inbox.querySelectorAll("[data-conversation]"));
        const thread = () => inbox.querySelector("[data-thread]");
        const current = () => (thread() ? thread().dataset.thread : "");
        const query = (changes) => {
            const found = new URLSearchParams(window.location.search);
            ["part", ...Object.keys(changes)].forEach((name) => found.delete(name));
            Object.entries(changes).forEach(([name, value]) => { if (value) { found.set(name, value); } });
            return "?" + found.toString();
        };

        function tell(text, bad) {
            const told = inbox.querySelector("[data-told]");
            if (!text) { return; }
            told.textContent = text;
            told.classList.toggle("inbox-told-bad", Boolean(bad));
            told.hidden = false;
            window.clearTimeout(toldTimer);
            toldTimer = window.setTimeout(() => { told.hidden = true; }, bad ? 2 * TOLD : TOLD);
        }

        async function html(address) {
            const answer = await fetch(address, { headers: { Accept: "text/html" } });
            return answer.ok && !answer.redirected ? answer.text() : null;
        }

        // The list

        async function refreshList(address) {
            const text = await html((address || query({})) + "&part=list").catch(() => null);
            if (text === null) { return; }
            const typed = document.activeElement && document.activeElement.name === "q" ? document.activeElement : null;
            if (typed || inbox.querySelector("[data-part=list] details[open]")) { replaceLines(text); } else {
                const top = scrolled();
                part("list").innerHTML = text;
                if (!address) { scrolled(top); }
            }
            last = Date.now();
            mark();
            document.dispatchEvent(new CustomEvent("lad:badges"));
        }

        // Somebody types or has a menu open: only the conversations change.
        function replaceLines(text) {
            const fresh = new DOMParser().parseFromString(text, "text/html").querySelector(".inbox-lines");
            const old = inbox.querySelector(".inbox-lines"), top = old.scrollTop;
            old.replaceWith(fresh);
            fresh.scrollTop = top;
        }

        function scrolled(top) {
            const list = inbox.querySelector(".inbox-lines");
            if (top !== undefined) { list.scrollTop = top; }
            return list.scrollTop;
        }

        function mark() {
            lines().forEach(function (line) {
                const on = line.dataset.conversation === current();
                line.classList.toggle("inbox-on", on);
                const box = line.querySelector("[data-choose]");
                if (box) { box.checked = chosen.has(line.dataset.conversation); }
            });
            const bulk = inbox.querySelector("[data-bulk]");
            if (bulk) {
                bulk.hidden = !chosen.size;
                bulk.querySelector("[data-bulk-count]").textContent = chosen.size + " chosen";
            }
            inbox.querySelectorAll("[data-live-mark]").forEach((each) => each.classList.toggle("inbox-live-on", live));
        }

        // The conversation

        async function open(id, push) {
            const asked = ++opening;
            inbox.dataset.pane = id ? "thread" : "list";
            if (push) { window.history.pushState({}, "", query({ c: id, messages: "" })); }
            const text = await html(query({ c: id }) + "&part=thread").catch(() => null);
            if (text === null || asked !== opening) { return; }
            part("thread").innerHTML = text;
            settle();
        }

        function settle() {
            const messages = inbox.querySelector("[data-keeps-bottom]");
            if (messages) { messages.scrollTop = messages.scrollHeight; }
            mark();
            choices();
            readIt();
            const on = inbox.querySelector(".inbox-on");
            if (on) { on.scrollIntoView({ block: "nearest" }); }
        }

        // What is shown to somebody who may answer is read.
        function readIt() {
            const shown = thread();
            if (shown && Number(shown.dataset.unread) && inbox.querySelector("[data-do=unread]") && !document.hidden) {
                shown.dataset.unread = "0";
                act({ do: "read" }, [current()], true);
            }
        }

        // Replaces what may have changed, but not the answer that somebody writes.
        async function refreshThread() {
            const id = current();
            if (!id) { return; }
            const text = await html(query({ c: id }) + "&part=thread").catch(() => null);
            if (text === null || id !== current()) { return; }
            const fresh = new DOMParser().parseFromString(text, "text/html");
            if (!fresh.querySelector("[data-thread]")) { part("thread").innerHTML = text; mark(); return; }
            const messages = inbox.querySelector("[data-piece=messages]");
            const atBottom = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
            const top = messages.scrollTop;
            ["head", "messages", "below", "facts", "answer"].forEach(function (name) {
                const old = inbox.querySelector("[data-piece=" + name + "]");
                const now = fresh.querySelector("[data-piece=" + name + "]");
                if (!old || !now || old.querySelector("details[open]") || (name === "answer" && writing())) { return; }
                old.innerHTML = now.innerHTML;
            });
            thread().dataset.unread = fresh.querySelector("[data-thread]").dataset.unread;
            messages.scrollTop = atBottom ? messages.scrollHeight : top;
            choices();
            readIt();
        }

        function writing() {
            const form = inbox.querySelector("[data-reply]");
            if (!form) { return false; }
            const text = form.querySelector("textarea"), chosen = form.querySelector("[name=way]:checked");
            const picked = Array.from(form.querySelectorAll("select")).some((each) => each.value);
            const moved = Boolean(chosen && !chosen.defaultChecked);
            return form.contains(document.activeElement) || picked || moved || Boolean(text && text.value.trim());
        }

        // Which templates fit the chosen account, and whether WhatsApp takes free text.
        function choices() {
            const form = inbox.querySelector("[data-reply]");
            const way = form && form.querySelector("[name=way]:checked");
            if (!way) { return; }
            const templates = form.querySelector("[data-templates]"), approved = form.querySelector("[data-approved]");
            const needs = way.hasAttribute("data-needs-template"), text = form.querySelector("textarea");
            if (templates) {
                templates.querySelectorAll("option[data-channel]").forEach(function (each) {
                    each.hidden = each.disabled = each.dataset.channel !== way.dataset.channel;
                    if (each.disabled && each.selected) { templates.value = ""; }
                });
                templates.hidden = needs || !templates.querySelector("option[data-channel]:not([disabled])");
            }
            if (approved) {
                approved.hidden = !needs;
                approved.querySelectorAll("select, input").forEach((each) => { each.disabled = !needs; });
            }
            if (text) { text.hidden = needs; }
        }

        function variables(select) {
            const option = select.selectedOptions[0], form = select.form;
            const body = form.querySelector("[data-approved-body]"), place = form.querySelector("[data-filled-in]");
            body.textContent = option.dataset.body || "";
            body.hidden = !option.dataset.body;
            place.replaceChildren(...Array.from({ length: Number(option.dataset.variables || 0) }, function (_none, index) {
                const input = document.createElement("input");
                input.name = "variable";
                input.required = true;
                input.placeholder = "{{" + (index + 1) + "}}";
                input.setAttribute("aria-label", "Variable " + (index + 1));
                return input;
            }));
        }

        // Doing things

        async function act(values, ids, quietly) {
            const form = values instanceof FormData ? values : new FormData();
            if (!(values instanceof FormData)) { Object.entries(values).forEach(([name, value]) => form.set(name, value)); }
            form.set("csrfmiddlewaretoken", token);
            ids.forEach((id) => form.append("conversation", id));
            let answer;
            try {
                answer = await fetch(window.location.pathname, { method: "POST", body: form, headers: { Accept: "application/json" } });
                const found = await answer.json();
                if (!quietly || found.problem) { tell(found.problem || found.told, found.problem); }
            } catch (error) {
                tell("That did not work. Try again.", true);
                return false;
            }
            await refreshList();
            return answer.ok;
        }

        async function doIt(button) {
            const values = { do: button.dataset.do };
            Object.entries(button.dataset).forEach(function ([name, value]) {
                if (name.startsWith("value")) { values[name.slice(5).replace(/^[A-Z]/, (letter) => letter.toLowerCase())] = value; }
            });
            closeMenus();
            const leaves = ["close", "snooze"].includes(values.do), next = leaves ? beside(1) || beside(-1) : "";
            if (values.do === "unread" && thread()) { thread().dataset.unread = "0"; }
            if (!await act(values, [current()])) { return; }
            if (values.do === "unread") { open("", true); } else if (leaves) { open(wide() ? next : "", true); } else { refreshThread(); }
        }

        const wide = () => window.matchMedia("(min-width: 861px)").matches;

        async function send(form, button) {
            const values = new FormData(form);
            if (button && button.name) { values.set(button.name, button.value); }
            const buttons = form.querySelectorAll("button");
            buttons.forEach((each) => { each.disabled = true; });
            const next = button && button.name ? beside(1) || beside(-1) : "";
            const done = await act(values, [current()]);
            buttons.forEach((each) => { each.disabled = false; });
            if (!done) { return; }
            closeMenus();
            if (form.hasAttribute("data-reply")) { form.reset(); document.activeElement.blur(); }
            if (button && button.name) { open(wide() ? next : "", true); } else { await refreshThread(); }
            const messages = inbox.querySelector("[data-keeps-bottom]");
            if (messages) { messages.scrollTop = messages.scrollHeight; }
        }

        function closeMenus(but) {
            inbox.querySelectorAll("details[data-menu][open]").forEach((each) => { if (each !== but) { each.open = false; } });
        }

        function beside(step) {
            const all = lines().map((line) => line.dataset.conversation), place = all.indexOf(current());
            if (place < 0) { return step > 0 ? all[0] || "" : ""; }
            return all[place + step] || "";
        }

        inbox.addEventListener("click", function (event) {
            const at = (selector) => event.target.closest(selector);
            const link = at("[data-open]"), go = at("[data-go]"), button = at("[data-do]"), bulk = at("[data-bulk-do]");
            const more = at("[data-more], [data-older]"), choose = at("[data-choose]");
            if (event.ctrlKey || event.metaKey || event.shiftKey) { return; }
            closeMenus(at("details[data-menu]"));
            if (choose) {
                const id = choose.closest("[data-conversation]").dataset.conversation;
                if (choose.checked) { chosen.add(id); } else { chosen.delete(id); }
                mark();
            } else if (link) {
                event.preventDefault();
                open(link.closest("[data-conversation]").dataset.conversation, true);
            } else if (go) {
                if (go.dataset.go === "list") { open("", true); } else { inbox.dataset.pane = go.dataset.go; }
            } else if (at("[data-bulk-none]")) {
                chosen.clear(); mark();
            } else if (bulk) {
                const values = { do: bulk.dataset.bulkDo };
                if (values.do === "assign") { values.assigned_to = bulk.dataset.bulkValue; }
                if (values.do === "label") { values.label = bulk.dataset.bulkValue; }
                const ids = Array.from(chosen);
                chosen.clear(); closeMenus();
                act(values, ids).then(refreshThread);
            } else if (button) {
                doIt(button);
            } else if (more) {
                event.preventDefault();
                window.history.replaceState({}, "", query(Object.fromEntries(new URLSearchParams(more.getAttribute("href")))));
                if (more.hasAttribute("data-more")) { refreshList(); } else { refreshThread(); }
            }
        });

        inbox.addEventListener("submit", function (event) {
            const form = event.target;
            if (form.hasAttribute("data-form")) { event.preventDefault(); send(form, event.submitter); }
        });

        inbox.addEventListener("change", function (event) {
            const messages = inbox.querySelector("[data-keeps-bottom]");
            if (event.target.name === "way") { choices(); }
            if (event.target.name === "whatsapp_template") { variables(event.target); }
            // The answer may take more room now.
            if (messages && event.target.closest("[data-reply]")) { messages.scrollTop = messages.scrollHeight; }
        });

        document.addEventListener("click", (event) => { if (!inbox.contains(event.target)) { closeMenus(); } });
        window.addEventListener("popstate", function () {
            open(new URLSearchParams(window.location.search).get("c") || "", false);
            refreshList();
        });

        document.addEventListener("keydown", function (event) {
            const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
            if (event.key === "Escape") { closeMenus(); if (typing && inbox.contains(typing)) { typing.blur(); } return; }
            if (typing && event.key === "Enter" && (event.ctrlKey || event.metaKey) && typing.form && typing.form.hasAttribute("data-reply")) {
                event.preventDefault();
                typing.form.requestSubmit(typing.form.querySelector(".inbox-primary"));
                return;
            }
            if (typing || event.ctrlKey || event.metaKey || event.altKey) { return; }
            const press = (selector) => { const found = inbox.querySelector(selector); if (found) { found.click(); } };
            const keys = {
                j: () => { const id = beside(1); if (id) { open(id, true); } },
                k: () => { const id = beside(-1); if (id) { open(id, true); } },
                e: () => press("[data-do=close]"),
                u: () => press("[data-do=unread]"),
                s: () => press("[data-menu=snooze] > summary"),
                a: () => press("[data-menu=assign] > summary"),
                l: () => press("[data-menu=label] > summary"),
                r: () => { const text = inbox.querySelector("[data-reply] textarea:not([hidden])"); if (text) { text.focus(); } },
                "/": () => { const search = inbox.querySelector("input[name=q]"); if (search) { search.focus(); search.select(); } },
            };
            if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
        });

        // The stream

        function soon(both) {
            threadToo = threadToo || both;
            if (timer || document.hidden) { return; }
            timer = window.setTimeout(function () {
                timer = null;
                refreshList();
                if (threadToo) { threadToo = false; refreshThread(); }
            }, Math.max(MIN_MILLISECONDS - (Date.now() - last), 0));
        }

        function heard(event) {
            let said = {};
            try { said = JSON.parse(event.data); } catch (error) { /* It says that something changed. */ }
            soon(!said.conversation || said.conversation === current());
        }

        async function listen() {
            try {
                const answer = await fetch(inbox.dataset.ticket, { headers: { Accept: "application/json" } });
                if (!answer.ok || answer.redirected) { throw new Error(answer.status); }
                const url = (await answer.json()).url;
                if (url) { connect(url); }
            } catch (error) { window.setTimeout(listen, RETRY); }
        }

        function connect(url) {
            source = new EventSource(url);
            source.addEventListener("open", function () { live = true; mark(); });
            source.addEventListener("message", heard);
            source.addEventListener("resync", () => soon(true));
            // A ticket opens one stream, so the browser's own reconnection would be refused.
            ["end", "error"].forEach((name) => source.addEventListener(name, function () {
                if (!source) { return; }
                source.close(); source = null; live = false; mark();
                window.setTimeout(listen, RETRY);
            }));
        }

        window.setInterval(function () {
            if (Date.now() - last > (live ? SAFETY : WITHOUT_STREAM)) { soon(true); }
        }, 2000);
        document.addEventListener("visibilitychange", function () { if (!document.hidden) { soon(true); readIt(); } });
        settle();
        listen();
    });
})();
