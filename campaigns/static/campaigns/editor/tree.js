// Draws a sequence from top to bottom: cards, waits on the edges, paths beside each other, jumps as links.
(function () {
    "use strict";

    const { byKey, layout } = window.LadSequence;

    // element("div", {class: "a", onclick: f}, [children])
    function element(name, attributes, children) {
        const made = document.createElement(name);
        Object.entries(attributes || {}).forEach(function ([key, value]) {
            if (value === null || value === undefined || value === false) { return; }
            if (key.startsWith("on")) {
                made.addEventListener(key.slice(2), value);
            } else if (key === "text") {
                made.textContent = value;
            } else {
                made.setAttribute(key, value === true ? "" : value);
            }
        });
        (children || []).forEach(function (child) { if (child) { made.append(child); } });
        return made;
    }

    function icon(name) {
        return element("span", { class: "material-symbols-outlined", "aria-hidden": "true", text: name });
    }

    // actions: select(key), add(edge, button), drop(edge), pick(key), may (editable), moving (key or null), canMove(edge)
    function draw(place, sequence, view, actions) {
        const drawn = layout(sequence);
        const steps = byKey(sequence);

        function plus(edge) {
            if (!edge || !actions.may) { return element("span", { class: "sequence-line" }); }
            const target = view.moving && actions.canMove(edge);
            const blocked = view.moving && !target;
            const button = element("button", {
                type: "button",
                class: "sequence-plus" + (target ? " sequence-plus-target" : ""),
                "aria-label": view.moving ? "Move it here" : "Add a step here",
                title: view.moving ? "Move it here" : "Add a step here",
                disabled: blocked ? true : null,
                onclick: function () { return view.moving ? actions.drop(edge) : actions.add(edge, button); },
            }, [icon(view.moving ? "south" : "add"), target ? element("span", { text: "Move here" }) : null]);
            const holder = element("span", { class: "sequence-line sequence-line-open" }, [button]);
            holder.addEventListener("dragover", function (event) {
                if (!view.dragged || !actions.canMove(edge)) { return; }
                event.preventDefault();
                event.dataTransfer.dropEffect = "move";
                holder.classList.add("sequence-over");
            });
            holder.addEventListener("dragleave", function () { holder.classList.remove("sequence-over"); });
            holder.addEventListener("drop", function (event) {
                event.preventDefault();
                if (view.dragged) { actions.drop(edge); }
            });
            return holder;
        }

        function card(item) {
            const step = item.step;
            const faults = view.faults[step.key];
            const number = faults ? Object.values(faults).reduce(function (sum, texts) { return sum + texts.length; }, 0) : 0;
            const wait = step.type === "delay";
            const words = [step.label, step.title, step.summary, number ? number + " to correct" : ""].filter(Boolean).join(". ");
            const made = element("div", {
                class: "sequence-card sequence-channel-" + step.channel + (wait ? " sequence-wait" : "") +
                    (view.selected === step.key ? " sequence-selected" : "") + (number ? " sequence-faulty" : "") +
                    (view.moving === step.key ? " sequence-moving" : ""),
                role: "button", tabindex: "0", "data-key": step.key, "data-type": step.type,
                "aria-label": words, "aria-current": view.selected === step.key ? "true" : null,
                draggable: actions.may ? "true" : null,
                onclick: function () { actions.select(step.key); },
                onkeydown: function (event) { actions.key(event, step.key); },
                ondragstart: function (event) {
                    event.dataTransfer.setData("text/plain", step.title);
                    event.dataTransfer.effectAllowed = "move";
                    view.dragged = step.key;
                    place.classList.add("sequence-dragging");
                },
                ondragend: function () { view.dragged = null; place.classList.remove("sequence-dragging"); },
            }, [
                element("span", { class: "sequence-icon" }, [icon(step.icon)]),
                element("span", { class: "sequence-words" }, [
                    wait ? null : element("span", { class: "sequence-kind", text: step.label }),
                    element("span", { class: "sequence-title", text: wait ? "Wait " + (step.summary || "") : step.title || "Without a title" }),
                    wait || !step.summary ? null : element("span", { class: "sequence-summary", text: step.summary }),
                ]),
                step.leads ? element("span", { class: "sequence-leads", title: step.leads + " leads are here", text: String(step.leads) }) : null,
                number ? element("span", { class: "sequence-fault", title: "To correct", text: String(number) }) : null,
            ]);
            return made;
        }

        function ending(end) {
            if (end.kind === "end") {
                return [plus(end.edge), element("span", { class: "sequence-end" }, [icon("stop_circle"), element("span", { text: "End" })])];
            }
            if (end.kind === "jump") {
                const target = steps.get(end.to);
                return [plus(end.edge), element("button", {
                    type: "button", class: "sequence-jump", onclick: function () { actions.select(end.to, true); },
                }, [icon("redo"), element("span", { text: "Go on at “" + target.title + "”" })])];
            }
            return end.kind === "join" ? [plus(end.edge), element("span", { class: "sequence-tail" })] : [];
        }

        function column(chain) {
            const parts = [];
            chain.items.forEach(function (item) {
                if (item.edge) { parts.push(plus(item.edge)); }
                parts.push(card(item));
                if (item.branches.length) {
                    parts.push(element("span", { class: "sequence-line sequence-line-short" }));
                    const joins = item.branches.some(function (branch) { return branch.end.kind === "join"; });
                    parts.push(element("div", { class: "sequence-branches" + (joins ? " sequence-joins" : "") }, item.branches.map(function (branch) {
                        return element("div", { class: "sequence-branch" + (branch.end.kind === "join" ? " sequence-branch-joins" : "") }, [
                            element("span", { class: "sequence-outcome sequence-outcome-" + branch.first, text: branch.label }),
                            ...column(branch),
                        ]);
                    })));
                }
            });
            parts.push(...ending(chain.end));
            return parts;
        }

        const parts = [element("span", { class: "sequence-start" }, [icon("group"), element("span", { text: "Leads start here" })])];
        parts.push(...column(drawn.main));
        const refocus = keptFocus(place);
        place.replaceChildren(element("div", { class: "sequence-column" }, parts));
        if (drawn.loose.length) {
            place.append(element("section", { class: "sequence-loose", "aria-label": "Steps that no lead comes to" }, [
                element("p", { class: "lad-hint", text: "No lead comes to these steps. Move them onto a path, or remove them." }),
                ...drawn.loose.map(function (chain) { return element("div", { class: "sequence-column" }, column(chain)); }),
            ]));
        }
        refocus();
    }

    // A sequence is drawn again when the server answers, too: whoever works with the keyboard stays where they are.
    function keptFocus(place) {
        const focused = place.contains(document.activeElement) ? document.activeElement : null;
        if (!focused) { return function () {}; }
        const key = focused.dataset.key;
        const selector = key ? '[data-key="' + key + '"]' : ".sequence-plus";
        const at = [...place.querySelectorAll(selector)].indexOf(focused);
        return function () {
            const again = at < 0 ? null : place.querySelectorAll(selector)[at];
            if (again) { again.focus({ preventScroll: true }); }
        };
    }

    Object.assign(window.LadSequence, { draw: draw, element: element, icon: icon });
})();
