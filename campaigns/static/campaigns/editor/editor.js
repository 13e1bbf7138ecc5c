// The editor of a sequence: what is chosen, moved, undone and saved. graph.js changes the steps, tree.js draws them,
// panel.js shows one of them.
(function () {
    "use strict";

    const graph = window.LadSequence;
    const { element, icon } = graph;
    const MOST_UNDONE = 100;

    document.addEventListener("DOMContentLoaded", function () {
        const root = document.getElementById("sequence-editor");
        if (!root) { return; }
        const data = JSON.parse(document.getElementById("sequence-data").textContent);
        const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
        const tree = root.querySelector("[data-tree]");
        const side = root.querySelector("[data-panel]");
        const told = root.querySelector("[data-said]");
        const buttons = {};
        root.querySelectorAll("[data-do]").forEach(function (button) { buttons[button.dataset.do] = button; });

        let sequence = read(data);
        let base = copy(sequence);
        let version = data.version;
        let past = [];
        let future = [];
        let saving = false;
        let added = 0;
        const view = { selected: null, moving: null, dragged: null, faults: {} };

        function read(given) {
            return { start: given.steps.length ? given.steps[0].key : null, steps: copy(given.steps) };
        }

        function copy(value) {
            return JSON.parse(JSON.stringify(value));
        }

        function same(one, other) {
            return JSON.stringify(graph.document(one)) === JSON.stringify(graph.document(other));
        }

        function stepOf(key) {
            return sequence.steps.find(function (step) { return step.key === key; }) || null;
        }

        function say(text, isProblem) {
            told.textContent = text || "";
            told.classList.toggle("sequence-said-problem", Boolean(isProblem));
        }

        async function post(url, body) {
            try {
                const answer = await fetch(url, {
                    method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": token, Accept: "application/json" },
                    body: JSON.stringify(body),
                });
                if (answer.ok) { return await answer.json(); }
                return { refused: { code: "failed", detail: "The server answered " + answer.status + ". Your changes are still here; try again." } };
            } catch (error) {
                return { refused: { code: "failed", detail: "The server cannot be reached. Your changes are still here; try again." } };
            }
        }

        // Keeps what there was, so that the change can be undone.
        function change(work, words) {
            past.push({ sequence: copy(sequence), selected: view.selected });
            if (past.length > MOST_UNDONE) { past.shift(); }
            future = [];
            work();
            view.moving = null;
            redraw();
            if (words) { say(words); }
        }

        function back(from, to) {
            if (!from.length) { return; }
            to.push({ sequence: copy(sequence), selected: view.selected });
            const state = from.pop();
            sequence = state.sequence;
            choose(stepOf(view.selected) ? view.selected : stepOf(state.selected) ? state.selected : null, true);
        }

        function redraw() {
            graph.draw(tree, sequence, view, {
                may: data.editable,
                select: function (key, bring) {
                    if (view.moving && view.moving === key) { stopMoving(); return; }
                    choose(key);
                    if (bring) { bringIntoView(key); }
                },
                add: function (edge, button) { palette(edge, button); },
                drop: function (edge) { drop(view.moving || view.dragged, edge); },
                canMove: function (edge) { return graph.canMove(sequence, view.moving || view.dragged, edge); },
                key: pressed,
            });
            const dirty = !same(sequence, base);
            buttons.undo.disabled = !past.length;
            buttons.redo.disabled = !future.length;
            buttons.save.disabled = !dirty || saving || !data.editable;
            root.classList.toggle("sequence-dirty", dirty);
            root.classList.toggle("sequence-is-moving", Boolean(view.moving));
            root.querySelector("[data-empty]").hidden = Boolean(sequence.steps.length) || !data.editable;
        }

        function choose(key, again) {
            view.selected = key;
            root.classList.toggle("sequence-has-panel", Boolean(key));
            redraw();
            panel.show(again ? fresh(key) : stepOf(key));
        }

        // The panel keeps what it shows while the settings are the same object; after an undo they are not.
        function fresh(key) {
            const step = stepOf(key);
            if (step) { step.config = copy(step.config); }
            return step;
        }

        function bringIntoView(key) {
            const card = tree.querySelector('[data-key="' + key + '"]');
            if (card) { card.scrollIntoView({ block: "center", inline: "center" }); card.focus(); }
        }

        // Steps

        function add(edge, kind) {
            const step = {
                key: newKey(), type: kind.type, title: kind.label, description: "", config: copy(kind.config), next: {},
                outcomes: copy(kind.outcomes), label: kind.label, icon: kind.icon, channel: kind.channel, fork: kind.fork,
                summary: "", leads: 0,
            };
            change(function () { graph.insert(sequence, edge, step); }, "“" + step.title + "” was added.");
            choose(step.key);
            bringIntoView(step.key);
        }

        function newKey() {
            added += 1;
            return "new-" + added + "-" + Date.now().toString(36);
        }

        function duplicate(key) {
            const step = stepOf(key);
            const twin = copy(step);
            twin.key = newKey();
            twin.leads = 0;
            twin.title = step.title + " (copy)";
            change(function () {
                const outcomes = step.outcomes.map(function (outcome) { return outcome.key; });
                const usual = graph.groups(step)[0];
                const edge = { pairs: [{ from: key, outcomes: usual ? usual.outcomes.map(function (each) { return each.key; }) : outcomes }] };
                graph.insert(sequence, edge, twin);
            }, "“" + step.title + "” was duplicated.");
            choose(twin.key);
            bringIntoView(twin.key);
        }

        function remove(key) {
            const step = stepOf(key);
            let lost = 0;
            change(function () { lost = graph.remove(sequence, key); });
            say("“" + step.title + "”" + (lost ? " and " + lost + (lost === 1 ? " step" : " steps") + " of its other paths were" : " was") + " removed. Undo brings it back.");
            choose(null);
        }

        function drop(key, edge) {
            const step = stepOf(key);
            if (!step || !graph.canMove(sequence, key, edge)) { return; }
            change(function () { graph.move(sequence, key, edge); }, "“" + step.title + "” was moved.");
            view.dragged = null;
            choose(key);
            bringIntoView(key);
        }

        function startMoving(key) {
            view.moving = key;
            root.classList.remove("sequence-has-panel");
            redraw();
            say("Choose where “" + stepOf(key).title + "” goes. Escape leaves it where it is.");
            const first = tree.querySelector(".sequence-plus-target");
            if (first) { first.focus(); }
        }

        function stopMoving() {
            const key = view.moving;
            view.moving = null;
            say("");
            redraw();
            bringIntoView(key);
        }

        function pressed(event, key) {
            const cards = [...tree.querySelectorAll(".sequence-card")];
            const at = cards.findIndex(function (card) { return card.dataset.key === key; });
            const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
            if (event.key === "Enter" || event.key === " ") {
                event.preventDefault();
                choose(key);
            } else if (event.key in moves) {
                event.preventDefault();
                const next = cards[at + moves[event.key]];
                if (next) { next.focus(); }
            } else if (data.editable && event.key === "Delete") {
                remove(key);
            } else if (data.editable && event.key.toLowerCase() === "m" && !event.ctrlKey && !event.metaKey) {
                event.preventDefault();
                startMoving(key);
            } else if (data.editable && event.key.toLowerCase() === "d" && !event.ctrlKey && !event.metaKey) {
                duplicate(key);
            }
        }

        // The panel

        const panel = graph.makePanel(side, {
            data: data,
            post: post,
            say: say,
            sequence: function () { return sequence; },
            faults: function (key) { return view.faults[key]; },
        }, {
            // What was entered. Entries one after another are undone together.
            edited: function (key, values, quiet) {
                const step = stepOf(key);
                if (!step) { return; }
                const last = past[past.length - 1];
                if (!quiet && !(last && last.editing === key)) {
                    past.push({ sequence: copy(sequence), selected: key, editing: key });
                    future = [];
                }
                const { faults, outcomes, ...rest } = values;
                Object.assign(step, rest);
                if (outcomes) { graph.withOutcomes(step, outcomes); }
                if (faults) {
                    if (Object.keys(faults).length) { view.faults[key] = faults; } else { delete view.faults[key]; }
                } else if (rest.title !== undefined && view.faults[key]) {
                    delete view.faults[key].title;
                }
                panel.follow(step);
                redraw();
                panel.mark();
            },
            act: function (name, key) {
                if (name === "close") { choose(null); } else if (name === "remove") { remove(key); } else if (name === "copy") { duplicate(key); } else { startMoving(key); }
            },
            target: function (key, outcome, target) {
                change(function () { stepOf(key).next[outcome] = target; });
                panel.follow(stepOf(key));
            },
            empty: function () {
                return element("div", { class: "sequence-hint" }, [
                    icon("touch_app"),
                    element("p", { text: sequence.steps.length ? "Choose a step to edit it and to see its message." : "Add the first step with the plus." }),
                    element("p", { class: "lad-hint", text: "Drag a card to move it. On the keyboard: arrows go from card to card, Enter opens one, M moves it, D duplicates it, Delete removes it." }),
                ]);
            },
        });

        // The palette

        function palette(edge, button) {
            const dialog = root.querySelector("[data-palette]");
            const list = dialog.querySelector("[data-kinds]");
            const find = dialog.querySelector("input");
            function offer() {
                const term = find.value.trim().toLowerCase();
                const groups = new Map();
                data.kinds.filter(function (kind) {
                    return !term || [kind.label, kind.group, kind.explanation].join(" ").toLowerCase().includes(term);
                }).forEach(function (kind) {
                    if (!groups.has(kind.group)) { groups.set(kind.group, []); }
                    groups.get(kind.group).push(kind);
                });
                list.replaceChildren(...[...groups].map(function ([name, kinds]) {
                    return element("section", {}, [
                        element("h3", { class: "sequence-group", text: name }),
                        element("div", { class: "sequence-kinds" }, kinds.map(function (kind) {
                            return element("button", {
                                type: "button", class: "sequence-choice sequence-channel-" + kind.channel, "data-kind": kind.type,
                                disabled: kind.reason ? true : null,
                                onclick: function () { dialog.close(); add(edge, kind); },
                            }, [
                                element("span", { class: "sequence-icon" }, [icon(kind.icon)]),
                                element("span", { class: "sequence-words" }, [
                                    element("span", { class: "sequence-title", text: kind.label }),
                                    element("span", { class: "sequence-summary", text: kind.reason || kind.warning || kind.explanation }),
                                ]),
                            ]);
                        })),
                    ]);
                }));
                if (!groups.size) { list.replaceChildren(element("p", { class: "lad-hint", text: "No step is called that." })); }
            }
            find.value = "";
            find.oninput = offer;
            find.onkeydown = function (event) {
                const first = list.querySelector("button:not(:disabled)");
                if (event.key === "Enter" && first) { event.preventDefault(); first.click(); }
            };
            dialog.onclose = function () { if (document.body.contains(button)) { button.focus(); } };
            offer();
            dialog.showModal();
            find.focus();
        }

        // Saving

        async function save(options) {
            if (saving) { return; }
            await panel.settle();
            saving = true;
            redraw();
            say("Saving …");
            const sent = { version: version, steps: graph.document(sequence), confirmed: [], ...options };
            const answer = await post(data.urls.save, sent);
            saving = false;
            if (!answer.refused) { saved(answer); } else { refused(answer.refused, options || {}); }
            redraw();
        }

        function saved(answer) {
            const shownBefore = view.selected;
            rename(answer.ids);
            sequence = read(answer);
            base = copy(sequence);
            version = answer.version;
            view.faults = {};
            if (!stepOf(view.selected)) { view.selected = null; }
            if (shownBefore === view.selected && shownBefore) {
                // Whoever saves while typing goes on typing.
                panel.follow(stepOf(shownBefore));
                panel.mark();
            } else {
                panel.show(fresh(view.selected));
            }
            say(["Saved.", ...answer.effects].join(" "));
        }

        // New steps have ids now: what can be undone names them too.
        function rename(ids) {
            const rest = [past, future].map(function (states) {
                let text = JSON.stringify(states);
                Object.entries(ids).forEach(function ([key, id]) { text = text.split(JSON.stringify(key)).join(JSON.stringify(id)); });
                return JSON.parse(text);
            });
            past = rest[0];
            future = rest[1];
            if (ids[view.selected]) { view.selected = ids[view.selected]; }
        }

        function refused(problem, options) {
            if (problem.code === "invalid" && problem.steps) {
                view.faults = problem.steps;
                const keys = Object.keys(problem.steps);
                say(keys.length === 1 ? "One step needs a correction. Nothing was saved yet." : keys.length + " steps need a correction. Nothing was saved yet.", true);
                choose(keys.includes(view.selected) ? view.selected : keys[0]);
                panel.mark();
                bringIntoView(view.selected);
            } else if (problem.code === "effects_unconfirmed") {
                say("Nothing was saved yet.");
                ask("This campaign is running", "Saving this has effects on leads under way:", problem.effects, [
                    ["Save", function () { save({ ...options, confirmed: problem.effects }); }, true],
                    ["Back", function () { say(""); }],
                ]);
            } else if (problem.code === "sequence_changed") {
                meanwhile(options);
            } else {
                say(problem.detail, true);
            }
        }

        async function meanwhile(options) {
            const answer = await fetch(data.urls.save + "?part=data", { headers: { Accept: "application/json" } });
            if (!answer.ok) { say("Somebody else changed the sequence. Your changes are still here; try again.", true); return; }
            const theirs = await answer.json();
            say("Somebody else changed the sequence in the meantime. Nothing was saved yet.", true);
            ask("Somebody else changed this sequence", "What has changed since you opened it:", differences(base, read(theirs)), [
                ["Save mine over it", function () { version = theirs.version; revive(theirs); save({ ...options, version: version }); }, true],
                ["Show theirs", function () {
                    past.push({ sequence: copy(sequence), selected: view.selected });
                    future = [];
                    sequence = read(theirs);
                    base = copy(sequence);
                    version = theirs.version;
                    view.faults = {};
                    choose(stepOf(view.selected) ? view.selected : null, true);
                    say("This is their version. Undo brings yours back.");
                }],
                ["Back", function () { say("Your changes are not saved yet."); }],
            ]);
        }

        // Steps of mine that somebody removed become new ones.
        function revive(theirs) {
            const there = new Set(theirs.steps.map(function (step) { return step.key; }));
            const names = {};
            sequence.steps.forEach(function (step) { if (!there.has(step.key) && !step.key.startsWith("new-")) { names[step.key] = newKey(); } });
            let text = JSON.stringify(sequence);
            Object.entries(names).forEach(function ([key, name]) { text = text.split(JSON.stringify(key)).join(JSON.stringify(name)); });
            sequence = JSON.parse(text);
            if (names[view.selected]) { view.selected = names[view.selected]; }
        }

        function differences(before, after) {
            const old = graph.byKey(before);
            const now = graph.byKey(after);
            const found = [];
            now.forEach(function (step, key) {
                if (!old.has(key)) {
                    found.push("“" + step.title + "” was added.");
                } else if (JSON.stringify([step.title, step.config, step.description]) !== JSON.stringify([old.get(key).title, old.get(key).config, old.get(key).description])) {
                    found.push("“" + step.title + "” was changed.");
                } else if (JSON.stringify(step.next) !== JSON.stringify(old.get(key).next)) {
                    found.push("“" + step.title + "” leads elsewhere.");
                }
            });
            old.forEach(function (step, key) { if (!now.has(key)) { found.push("“" + step.title + "” was removed."); } });
            return found.length ? found : ["The order of the steps."];
        }

        function ask(title, words, lines, choices) {
            const dialog = root.querySelector("[data-question]");
            dialog.replaceChildren(
                element("h2", { text: title }),
                element("p", { text: words }),
                element("ul", {}, lines.map(function (line) { return element("li", { text: line }); })),
                element("div", { class: "sequence-dialog-buttons" }, choices.map(function ([text, act, main]) {
                    return element("button", {
                        type: "button", class: main ? "lad-blank-button" : "sequence-action",
                        onclick: function () { dialog.close(); act(); },
                    }, [element("span", { text: text })]);
                }))
            );
            dialog.showModal();
        }

        buttons.undo.addEventListener("click", function () { back(past, future); });
        buttons.redo.addEventListener("click", function () { back(future, past); });
        buttons.save.addEventListener("click", function () { save(); });
        root.querySelector("[data-empty]").addEventListener("click", function (event) { palette({ pairs: [], start: true }, event.target); });
        root.querySelectorAll("[data-dismiss]").forEach(function (button) {
            button.addEventListener("click", function () { button.closest("dialog").close(); });
        });
        document.addEventListener("keydown", function (event) {
            const typing = event.target.matches("input, textarea, select");
            const key = event.key.toLowerCase();
            if (event.key === "Escape" && view.moving) {
                stopMoving();
            } else if ((event.ctrlKey || event.metaKey) && key === "s") {
                event.preventDefault();
                if (!buttons.save.disabled) { save(); }
            } else if ((event.ctrlKey || event.metaKey) && !typing && key === "z") {
                event.preventDefault();
                if (event.shiftKey) { back(future, past); } else { back(past, future); }
            } else if ((event.ctrlKey || event.metaKey) && !typing && key === "y") {
                event.preventDefault();
                back(future, past);
            }
        });
        window.addEventListener("beforeunload", function (event) {
            if (!same(sequence, base)) { event.preventDefault(); }
        });

        choose(null);
        const asked = new URLSearchParams(window.location.search).get("step");
        if (asked && stepOf(asked)) { choose(asked); bringIntoView(asked); }
    });
})();
