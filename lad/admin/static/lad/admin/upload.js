// Says as soon as a file is chosen that it is too large, and does not send a form with such a file.
(function () {
    "use strict";

    const LIMITED = "input[type=file][data-max-bytes]";
    const MEGABYTE = 1024 * 1024;

    // Shows or clears the input's error. Returns whether there is one.
    function isTooLarge(input) {
        const limit = Number(input.dataset.maxBytes);
        const large = Array.from(input.files).find((file) => file.size > limit);
        const error = input.closest("[data-upload]").querySelector("[data-upload-error]");
        error.textContent = large
            ? large.name + " is " + Math.ceil((large.size * 10) / MEGABYTE) / 10 + " MB. " + input.dataset.limit
            : "";
        error.hidden = !large;
        return Boolean(large);
    }

    document.addEventListener("change", function (event) {
        if (event.target.matches(LIMITED)) {
            isTooLarge(event.target);
        }
    });

    document.addEventListener(
        "submit",
        function (event) {
            const wrong = Array.from(event.target.querySelectorAll(LIMITED)).filter(isTooLarge);
            if (wrong.length > 0) {
                event.preventDefault();
                event.stopImmediatePropagation();
                wrong[0].closest("[data-upload]").scrollIntoView({ block: "center" });
            }
        },
        true
    );
})();
