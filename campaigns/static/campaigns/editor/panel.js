// The panel beside the sequence: the form of the chosen step, its paths, and its message as the lead gets it.
(function () {
    "use strict";

    const { element, icon } = window.LadSequence;
    const PAUSE = 350;
    const MOST_SHOWN = 40;

    // page: {data, sequence(), post(url, body)}; changes: {edited(key, values), act(name, key), target(key, outcome, to)}
    function makePanel(place, page, changes) {
        let step = null;
        let shown = null;
        let timer = 0;
        let asked = 0;
        const latest = {};
        let pending = false;
        let running = null;
        let lead = "";
        let variant = 1;
        let account = page.data.accounts.length ? page.data.accounts[0].id : "";

        function inputs() {
            return [...place.querySelectorAll("[data-field]")];
        }

        function values() {
            const found = {};
            inputs().forEach(function (input) {
                found[input.dataset.field] = input.type === "checkbox" ? input.checked : input.value;
            });
            return found;
        }

        function body(withEntries) {
            const sent = {
                step: { key: step.key, type: step.type, title: step.title || "–", description: step.description || "", config: step.config },
                variant: variant,
            };
            if (lead) { sent.lead = lead; }
            if (withEntries) { sent.entered = values(); }
            return sent;
        }

        // Asks the server what the entries mean, and shows their faults and the message. An answer that comes when
        // another step is shown already still counts for its own step.
        async function ask(withEntries) {
            const key = step.key;
            const number = ++asked;
            latest[key] = number;
            const answer = await page.post(page.data.urls.step, body(withEntries));
            if (latest[key] !== number) { return; }
            if (answer.refused) { page.say(answer.refused.detail, true); return; }
            const known = { summary: answer.summary, outcomes: answer.outcomes };
            if (withEntries) {
                changes.edited(key, { ...known, config: answer.config, faults: answer.faults });
            } else {
                changes.edited(key, known, true);
            }
            if (!step || step.key !== key) { return; }
            const other = !shown || names(shown.fields) !== names(answer.fields) || !withEntries;
            shown = answer;
            if (other) { fill(); } else { mark(); }
            preview();
        }

        function names(fields) {
            return fields.map(function (field) { return field.name; }).join(" ");
        }

        function later() {
            window.clearTimeout(timer);
            pending = true;
            timer = window.setTimeout(send, PAUSE);
        }

        function send() {
            window.clearTimeout(timer);
            pending = false;
            running = ask(true);
            return running;
        }

        // Waits until what was typed is part of the sequence.
        async function settle() {
            if (pending) { send(); }
            await running;
        }

        // Gives up what was typed in a step that is shown anew, after an undo for example.
        function forget() {
            window.clearTimeout(timer);
            if (step) { latest[step.key] = ++asked; }
            pending = false;
        }

        function input(field) {
            const common = {
                id: "field-" + field.name, "data-field": field.name, class: "sequence-input",
                "aria-describedby": "fault-" + field.name + " help-" + field.name,
                disabled: page.data.editable ? null : true,
            };
            if (field.kind === "choice") {
                return element("select", common, field.choices.map(function (choice) {
                    return element("option", { value: choice.value, text: choice.label, selected: choice.value === field.value ? true : null });
                }));
            }
            if (field.kind === "tick") {
                return element("input", { ...common, type: "checkbox", class: "sequence-tick", checked: field.value ? true : null });
            }
            if (field.kind === "area") {
                const area = element("textarea", { ...common, rows: field.name === "body" || field.name === "message" ? "9" : "3", maxlength: field.max_length });
                area.value = field.value;
                return area;
            }
            return element("input", {
                ...common, type: field.kind === "number" ? "number" : "text", value: field.value,
                min: field.least, max: field.most, maxlength: field.max_length, inputmode: field.kind === "number" ? "numeric" : null,
            });
        }

        function variables(target) {
            const list = element("div", { class: "sequence-variables-list", role: "listbox", "aria-label": "Variables" });
            const find = element("input", { class: "sequence-input", type: "search", placeholder: "Find a variable", "aria-label": "Find a variable" });
            const menu = element("details", { class: "sequence-variables" }, [
                element("summary", {}, [icon("data_object"), element("span", { text: "Insert a variable" })]),
                element("div", { class: "sequence-variables-menu" }, [find, list]),
            ]);
            function offer() {
                const term = find.value.trim().toLowerCase();
                const found = page.data.variables.filter(function (each) {
                    return !term || each.label.toLowerCase().includes(term) || each.name.includes(term);
                });
                list.replaceChildren(...found.map(function (each) {
                    return element("button", {
                        type: "button", class: "sequence-variable", role: "option",
                        onclick: function () {
                            const text = "{{ " + each.name + " }}";
                            target.setRangeText(text, target.selectionStart, target.selectionEnd, "end");
                            menu.open = false;
                            target.focus();
                            target.dispatchEvent(new Event("input", { bubbles: true }));
                        },
                    }, [element("span", { text: each.label }), element("code", { text: each.name })]);
                }));
            }
            find.addEventListener("input", offer);
            menu.addEventListener("toggle", function () { if (menu.open) { offer(); find.focus(); } });
            menu.addEventListener("keydown", function (event) {
                if (event.key === "Escape" && menu.open) { event.stopPropagation(); menu.open = false; target.focus(); }
            });
            return menu;
        }

        function row(field) {
            const made = input(field);
            const label = element("label", { for: "field-" + field.name, text: field.label });
            const parts = field.kind === "tick"
                ? [element("span", { class: "sequence-tick-line" }, [made, label])]
                : [label, made];
            if (field.filled && page.data.editable) { parts.push(variables(made)); }
            parts.push(element("p", { class: "sequence-field-fault", id: "fault-" + field.name, role: "alert", "data-fault": field.name }));
            if (field.help && !field.filled) { parts.push(element("p", { class: "lad-hint sequence-help", id: "help-" + field.name, text: field.help })); }
            return element("div", { class: "sequence-field", "data-row": field.name }, parts);
        }

        function form() {
            const usual = [];
            const seldom = [];
            let group = "";
            shown.fields.forEach(function (field) {
                const rows = field.seldom && !field.group ? seldom : usual;
                if (field.group && field.group !== group) { rows.push(element("h3", { class: "sequence-group", text: field.group })); }
                group = field.group;
                rows.push(row(field));
            });
            return [
                ...usual,
                seldom.length ? element("details", { class: "sequence-more" }, [element("summary", { text: "More settings" }), ...seldom]) : null,
            ];
        }

        function targets(current) {
            const others = page.sequence().steps.filter(function (each) { return each.key !== step.key; }).slice(0, MOST_SHOWN);
            return [
                element("option", { value: "", text: "End of the sequence", selected: current ? null : true }),
                ...others.map(function (each) {
                    return element("option", { value: each.key, text: each.title, selected: each.key === current ? true : null });
                }),
            ];
        }

        function paths() {
            if (!step.outcomes.length) { return null; }
            const open = step.type === "goto";
            return element("details", { class: "sequence-more", open: open ? true : null }, [
                element("summary", { text: open ? "Go to" : "Where it goes on" }),
                ...step.outcomes.map(function (outcome) {
                    return element("div", { class: "sequence-field" }, [
                        element("label", { for: "path-" + outcome.key, text: open ? "Step" : outcome.label }),
                        element("select", {
                            id: "path-" + outcome.key, class: "sequence-input", "data-path": outcome.key, disabled: page.data.editable ? null : true,
                            onchange: function (event) { changes.target(step.key, outcome.key, event.target.value || null); },
                        }, targets(step.next[outcome.key])),
                    ]);
                }),
            ]);
        }

        function action(name, text, symbol, danger) {
            return element("button", {
                type: "button", class: "sequence-action" + (danger ? " sequence-danger" : ""), "data-act": name,
                onclick: function () { changes.act(name, step.key); },
            }, [icon(symbol), element("span", { text: text })]);
        }

        function fill() {
            const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.field : null;
            const at = focused ? document.activeElement.selectionStart : null;
            const title = element("input", {
                class: "sequence-input", id: "field-title", value: step.title, maxlength: "255", "data-title": true,
                disabled: page.data.editable ? null : true, "aria-describedby": "fault-title",
                oninput: function (event) { changes.edited(step.key, { title: event.target.value }); },
            });
            place.replaceChildren(
                element("header", { class: "sequence-panel-head sequence-channel-" + step.channel }, [
                    element("span", { class: "sequence-icon" }, [icon(step.icon)]),
                    element("h2", { text: step.label }),
                    element("button", { type: "button", class: "sequence-close", "aria-label": "Close", onclick: function () { changes.act("close", step.key); } }, [icon("close")]),
                ]),
                element("p", { class: "sequence-field-fault", role: "alert", "data-fault": "" }),
                element("div", { class: "sequence-field" }, [
                    element("label", { for: "field-title", text: "Title" }), title,
                    element("p", { class: "sequence-field-fault", id: "fault-title", role: "alert", "data-fault": "title" }),
                ]),
                ...form().filter(Boolean),
                paths() || "",
                page.data.editable ? element("div", { class: "sequence-actions" }, [
                    action("move", "Move", "open_with"), action("copy", "Duplicate", "content_copy"), action("remove", "Remove", "delete", true),
                ]) : "",
                element("section", { class: "sequence-preview", "data-preview": true, "aria-live": "polite" })
            );
            mark();
            if (focused) {
                const again = place.querySelector('[data-field="' + focused + '"]');
                if (again) {
                    again.focus();
                    if (at !== null && again.setSelectionRange && again.type !== "number") { again.setSelectionRange(at, at); }
                }
            }
        }

        // Puts the faults on their fields; what belongs to no field stands at the top.
        function mark() {
            const faults = { ...(shown ? shown.faults : {}) };
            const sent = page.faults(step.key) || {};
            Object.entries(sent).forEach(function ([name, texts]) { faults[name] = faults[name] || texts; });
            const known = new Set([...place.querySelectorAll("[data-fault]")].map(function (each) { return each.dataset.fault; }));
            const rest = Object.entries(faults).filter(function ([name]) { return !known.has(name) || name === ""; });
            place.querySelectorAll("[data-fault]").forEach(function (spot) {
                const name = spot.dataset.fault;
                const texts = name === "" ? rest.flatMap(function ([, each]) { return each; }) : faults[name] || [];
                spot.textContent = texts.join(" ");
                const field = name === "title" ? place.querySelector("[data-title]") : place.querySelector('[data-field="' + name + '"]');
                if (field) {
                    if (texts.length) { field.setAttribute("aria-invalid", "true"); } else { field.removeAttribute("aria-invalid"); }
                    const fold = texts.length && field.closest("details.sequence-more");
                    if (fold) { fold.open = true; }
                }
            });
        }

        function preview() {
            const spot = place.querySelector("[data-preview]");
            const look = shown && shown.look;
            if (!spot) { return; }
            if (!look) { spot.replaceChildren(); return; }
            const chooser = element("select", {
                class: "sequence-input", "aria-label": "Show it for",
                onchange: function (event) { lead = event.target.value; ask(true); },
            }, [
                element("option", { value: "", text: "A sample lead" }),
                ...page.data.leads.map(function (each) {
                    return element("option", { value: each.id, text: each.name, selected: each.id === lead ? true : null });
                }),
            ]);
            spot.replaceChildren(
                element("div", { class: "sequence-preview-head" }, [element("h3", { text: "As it arrives" }), chooser]),
                ...(Object.keys(shown.faults).length ? [] : look.problems).map(function (text) { return element("p", { class: "sequence-note sequence-note-warning", text: text }); }),
                drawing(look),
                element("p", { class: "sequence-facts" + (look.too_long ? " sequence-too-long" : ""), text: look.facts.join(" · ") }),
                look.variants > 1 ? element("button", {
                    type: "button", class: "lad-link",
                    text: "Variant " + look.variant + " of " + look.variants + ": show another",
                    onclick: function () { variant = look.variant % look.variants + 1; ask(true); },
                }) : "",
                ...look.hints.map(function (text) { return element("p", { class: "sequence-note", text: text }); }),
                look.kind === "mail" && page.data.accounts.length && page.data.editable ? tester() : ""
            );
        }

        function drawing(look) {
            if (look.kind === "mail") {
                return element("article", { class: "sequence-mail" }, [
                    element("div", { class: "sequence-mail-head" }, [
                        element("strong", { text: look.subject || "(the subject of the thread)" }),
                        element("span", { class: "lad-hint", text: (look.sender || "Your mailbox") + " → " + (look.recipient || "no address") }),
                    ]),
                    look.document
                        ? element("iframe", { class: "sequence-mail-page", sandbox: "", title: "The message", srcdoc: look.document })
                        : element("div", { class: "sequence-mail-text", text: look.body }),
                ]);
            }
            return element("article", { class: "sequence-chat sequence-chat-" + look.kind }, [
                element("span", { class: "lad-hint", text: [look.sender, look.recipient].filter(Boolean).join(" → ") }),
                element("div", { class: "sequence-bubble", text: look.body || "No words: the invitation is sent without a note." }),
            ]);
        }

        function tester() {
            const from = element("select", { class: "sequence-input", "aria-label": "Send the test from", onchange: function (event) { account = event.target.value; } },
                page.data.accounts.map(function (each) { return element("option", { value: each.id, text: each.name, selected: each.id === account ? true : null }); }));
            const button = element("button", { type: "button", class: "sequence-action" }, [icon("forward_to_inbox"), element("span", { text: "Send me a test" })]);
            button.addEventListener("click", async function () {
                button.disabled = true;
                await settle();
                const sent = { ...body(false), account: account };
                const answer = await page.post(page.data.urls.test, sent);
                button.disabled = false;
                page.say(answer.refused ? answer.refused.detail : "The test was sent to " + answer.sent_to + ".", Boolean(answer.refused));
            });
            return element("div", { class: "sequence-test" }, [from, button]);
        }

        place.addEventListener("input", function (event) {
            if (event.target.dataset.field) { later(); }
        });

        return {
            settle: settle,
            mark: function () { if (step && shown) { mark(); } },
            // Shows a step, or nothing.
            show: async function (chosen) {
                if (chosen && step && chosen.key === step.key && chosen.config === step.config) { step = chosen; return; }
                if (pending && !(chosen && step && chosen.key === step.key)) { send(); } else { forget(); }
                step = chosen;
                shown = null;
                variant = 1;
                if (!step) { place.replaceChildren(changes.empty()); return; }
                place.replaceChildren(element("p", { class: "lad-hint", text: "…" }));
                await ask(false);
            },
            // The shown step was replaced by what was just entered. Answers about other steps do not change what is shown.
            follow: function (chosen) { if (step && chosen && step.key === chosen.key) { step = chosen; } },
        };
    }

    Object.assign(window.LadSequence, { makePanel: makePanel });
})();
