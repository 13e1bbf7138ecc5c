// Says while typing where JSON is wrong, and lays it out on request.
(function () {
    "use strict";

    function state(editor) {
        const area = editor.querySelector("textarea");
        const note = editor.querySelector(".lad-json-state");
        try {
            if (area.value.trim()) { JSON.parse(area.value); }
            note.textContent = "";
            return true;
        } catch (error) {
            note.textContent = error.message;
            return false;
        }
    }

    document.addEventListener("input", function (event) {
        const editor = event.target.closest(".lad-json-editor");
        if (editor) { state(editor); }
    });

    document.addEventListener("click", function (event) {
        const button = event.target.closest(".lad-json-format");
        if (!button) { return; }
        const editor = button.closest(".lad-json-editor");
        const area = editor.querySelector("textarea");
        if (state(editor) && area.value.trim()) {
            area.value = JSON.stringify(JSON.parse(area.value), null, 2);
        }
    });
})();
