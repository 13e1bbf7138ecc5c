// Says while typing where JSON is wrong, lays it out on request, and shows beside it how it reads.
// It reads the text itself: the browser's parser reorders names and rounds long numbers.
(function () {
    "use strict";

    const LONGEST_LINE = 80;
    const SPACE = /[ \t\r\n]*/y;
    const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    const WORD = /true|false|null/y;

    // Reading: a node is {kind, raw} or has items, each with a name in an object.

    function parse(text) {
        let at = 0;

        function fail(says, where) {
            throw { says: says, at: where === undefined ? at : where };
        }

        function take(pattern) {
            pattern.lastIndex = at;
            const found = pattern.exec(text);
            if (!found) { return null; }
            at = pattern.lastIndex;
            return found[0];
        }

        function string(missing) {
            const start = at;
            const raw = take(STRING);
            if (raw !== null) { return raw; }
            fail(text[start] === '"' ? "this text is not closed, or holds a line break or a lone backslash" : missing, start);
        }

        function many(closing, one) {
            const items = [];
            at += 1;
            take(SPACE);
            if (text[at] === closing) { at += 1; return items; }
            for (;;) {
                items.push(one(items));
                take(SPACE);
                if (text[at] === closing) { at += 1; return items; }
                if (text[at] !== ",") { fail("a comma or " + closing + " is missing"); }
                at += 1;
                take(SPACE);
                if (text[at] === closing) { fail("there is a comma too many"); }
            }
        }

        function member(before) {
            const start = at;
            const name = string("a name in double quotes is missing");
            if (before.some(function (item) { return item.name === name; })) { fail(name + " stands twice", start); }
            take(SPACE);
            if (text[at] !== ":") { fail("a colon is missing after the name"); }
            at += 1;
            const node = value();
            node.name = name;
            return node;
        }

        function value() {
            take(SPACE);
            if (text[at] === "{") { return { kind: "object", items: many("}", member) }; }
            if (text[at] === "[") { return { kind: "array", items: many("]", value) }; }
            if (text[at] === '"') { return { kind: "string", raw: string("") }; }
            let raw = take(WORD);
            if (raw !== null) { return { kind: "word", raw: raw }; }
            raw = take(NUMBER);
            if (raw !== null) { return { kind: "number", raw: raw }; }
            fail("a value is missing");
        }

        const found = value();
        take(SPACE);
        if (at < text.length) { fail("something follows the end of the value"); }
        return found;
    }

    // Writing

    function nested(node) { return node.kind === "object" || node.kind === "array"; }

    function layOut(node, indent) {
        if (!nested(node)) { return node.raw; }
        const inner = indent + "  ";
        const ends = node.kind === "object" ? "{}" : "[]";
        if (!node.items.length) { return ends; }
        const parts = node.items.map(function (item) {
            return (item.name ? item.name + ": " : "") + layOut(item, inner);
        });
        const line = "[" + parts.join(", ") + "]";
        if (node.kind === "array" && line.length <= LONGEST_LINE && !node.items.some(nested)) { return line; }
        return ends[0] + "\n" + inner + parts.join(",\n" + inner) + "\n" + indent + ends[1];
    }

    // Showing

    function element(tag, name, children) {
        const made = document.createElement(tag);
        if (name) { made.className = name; }
        children.forEach(function (child) { made.append(child); });
        return made;
    }

    function said(node) {
        if (node.kind === "string") { return JSON.parse(node.raw); }
        return { "true": "yes", "false": "no", "null": "–" }[node.raw] || node.raw;
    }

    function view(node) {
        if (!nested(node)) { return element("span", "", [said(node) || "–"]); }
        if (!node.items.length) { return element("span", "lad-hint", ["–"]); }
        if (node.kind === "object") {
            return element("dl", "lad-json-rows", node.items.map(function (item) {
                return element("div", "lad-json-row", [
                    element("dt", "", [JSON.parse(item.name)]), element("dd", "", [view(item)])
                ]);
            }));
        }
        if (node.items.some(nested)) {
            return element("ol", "lad-json-items", node.items.map(function (item) {
                return element("li", "lad-json-item", [view(item)]);
            }));
        }
        return element("div", "lad-chips", node.items.map(function (item) {
            return element("span", "lad-chip", [said(item) || "–"]);
        }));
    }

    // The editor

    function read(editor) {
        const area = editor.querySelector("textarea");
        const note = editor.querySelector(".lad-json-state");
        const preview = editor.querySelector(".lad-json-preview");
        note.textContent = "";
        area.removeAttribute("aria-invalid");
        if (!area.value.trim()) { preview.hidden = true; return null; }
        try {
            const found = parse(area.value);
            preview.replaceChildren(view(found));
            preview.hidden = !nested(found) || !found.items.length;
            return found;
        } catch (fault) {
            if (fault.at === undefined) { throw fault; }
            const before = area.value.slice(0, fault.at).split("\n");
            note.textContent = "Line " + before.length + ", column " + (before.pop().length + 1) + ": " + fault.says + ".";
            note.dataset.at = fault.at;
            area.setAttribute("aria-invalid", "true");
            return null;
        }
    }

    function editorOf(event, part) {
        const found = event.target.closest && event.target.closest(part);
        return found && found.closest(".lad-json-editor");
    }

    document.addEventListener("input", function (event) {
        const editor = editorOf(event, ".lad-json");
        if (editor) { read(editor); }
    });

    document.addEventListener("click", function (event) {
        const wrong = editorOf(event, ".lad-json-state");
        if (wrong) {
            const area = wrong.querySelector("textarea");
            const at = Number(wrong.querySelector(".lad-json-state").dataset.at);
            area.focus();
            area.setSelectionRange(at, at + 1);
        }
        const editor = editorOf(event, ".lad-json-format");
        const found = editor && read(editor);
        if (found) {
            const area = editor.querySelector("textarea");
            area.value = layOut(found, "");
            area.dispatchEvent(new Event("input", { bubbles: true }));
        }
    });

    function start() {
        document.querySelectorAll(".lad-json-editor").forEach(read);
    }

    if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", start); } else { start(); }
    // Rows that are added to an inline later.
    document.addEventListener("formset:added", start);
})();
