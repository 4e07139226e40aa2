// Turns a deck into slides. Without this script, or before `p` is pressed, a deck is an ordinary page.
//
// A deck is a page with <section class="slide" data-id data-minutes>. In its URL, `?present` starts the presentation,
// `#id` selects a slide, and `?paged` puts each slide on a separate sheet, for printing.
(() => {
    "use strict";

    const slides = [...document.querySelectorAll("main section.slide")];
    if (slides.length === 0) {
        return;
    }
    const root = document.documentElement;
    const KEYS = [
        ["→ PageDown Space", "the next slide"],
        ["← PageUp", "the previous slide"],
        ["Home End", "the first slide, the last slide"],
        ["a", "open or close the answers"],
        ["s", "the notes, in a separate window"],
        ["b", "a black screen"],
        ["f", "full screen"],
        ["p Escape", "back to the page"],
        ["?", "this list"],
    ];
    let current = 0;
    let notes = null;
    let begun = null;

    for (const [index, slide] of slides.entries()) {
        slide.dataset.place = `${index + 1} / ${slides.length}`;
    }

    const isPresenting = () => root.classList.contains("presenting");
    // The slide that the URL names, or -1.
    const named = () => slides.findIndex((slide) => `#${slide.dataset.id}` === location.hash);
    const minutesBefore = (index) =>
        slides.slice(0, index).reduce((sum, slide) => sum + Number(slide.dataset.minutes), 0);

    function fit() {
        root.style.setProperty("--scale", Math.min(innerWidth / 1280, innerHeight / 720));
    }

    function show(index) {
        current = Math.max(0, Math.min(slides.length - 1, index));
        for (const [other, slide] of slides.entries()) {
            slide.classList.toggle("current", other === current);
        }
        root.classList.remove("blank");
        address();
        showNotes();
    }

    // Puts the current slide into the URL, so that it can be reopened. Browsers may forbid this for local files.
    function address() {
        const query = isPresenting() ? "?present" : location.pathname;
        try {
            history.replaceState(null, "", `${query}#${slides[current].dataset.id}`);
        } catch {
            // The URL stays unchanged.
        }
    }

    function begin(index) {
        root.classList.add("presenting");
        fit();
        show(index);
        document.activeElement?.blur();
    }

    function end() {
        root.classList.remove("presenting", "blank");
        hideKeys();
        for (const slide of slides) {
            slide.classList.remove("current");
        }
        if (document.fullscreenElement) {
            document.exitFullscreen();
        }
        address();
        slides[current].scrollIntoView();
    }

    function wholeScreen() {
        if (document.fullscreenElement) {
            document.exitFullscreen();
        } else {
            // Some browsers and frames refuse; the slides work without it.
            root.requestFullscreen?.()?.catch(() => {});
        }
    }

    // The slide to start with when the reader is in the middle of a page.
    function nearest() {
        const box = slides[named()]?.getBoundingClientRect();
        if (box && box.bottom > 0 && box.top < innerHeight) {
            return named();
        }
        const seen = slides.findIndex((slide) => slide.getBoundingClientRect().bottom > 80);
        return Math.max(0, seen);
    }

    function answers() {
        const all = [...slides[current].querySelectorAll("details:not(.notes):not(.reading)")];
        const isOpen = all.some((details) => details.open);
        for (const details of all) {
            details.open = !isOpen;
        }
    }

    function hideKeys() {
        document.getElementById("slide-keys")?.remove();
    }

    function showKeys() {
        if (document.getElementById("slide-keys")) {
            hideKeys();
            return;
        }
        const list = document.createElement("div");
        list.id = "slide-keys";
        for (const [keys, what] of KEYS) {
            const line = document.createElement("div");
            const key = document.createElement("kbd");
            key.textContent = keys;
            line.append(key, ` ${what}`);
            list.append(line);
        }
        document.body.append(list);
    }

    // ---- the notes window ----

    const clock = (seconds) => {
        const whole = Math.max(0, Math.floor(seconds));
        return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
    };

    function openNotes() {
        notes = window.open("", "slide-notes", "width=760,height=640");
        if (!notes) {
            alert("The browser blocked the notes window: allow pop-ups for this page.");
            return;
        }
        begun ??= Date.now();
        const page = notes.document;
        page.title = "Notes";
        page.body.replaceChildren();
        page.head.replaceChildren();
        const style = page.createElement("style");
        style.textContent =
            "body { font: 20px/1.5 sans-serif; margin: 1.2em; background: #161b26; color: #e6e9ee }" +
            "#clock { font-size: 30px; font-variant-numeric: tabular-nums } #clock.late { color: #ff9d94 }" +
            "#next { color: #a9b4c2; border-top: 1px solid #445; padding-top: .6em } a { color: #8ab8ff }" +
            "button { font: inherit; font-size: 16px } summary { display: none }";
        page.head.append(style);
        const again = page.createElement("button");
        again.textContent = "restart the clock";
        again.onclick = () => {
            begun = Date.now() - minutesBefore(current) * 60000;
            tick();
        };
        for (const id of ["clock", "title", "text", "next"]) {
            const part = page.createElement(id === "title" ? "h2" : "div");
            part.id = id;
            page.body.append(part);
        }
        page.body.append(again);
        notes.onkeydown = onKey;
        showNotes();
    }

    function showNotes() {
        if (!notes || notes.closed) {
            return;
        }
        const page = notes.document;
        const slide = slides[current];
        const title = (one) => one.querySelector("h1, h2").textContent;
        page.getElementById("title").textContent = title(slide);
        const text = page.getElementById("text");
        text.replaceChildren();
        for (const part of slide.querySelectorAll(".notes")) {
            text.append(page.importNode(part, true));
        }
        if (text.childElementCount === 0) {
            text.textContent = "No notes.";
        }
        const next = slides[current + 1];
        page.getElementById("next").textContent = next ? `Next: ${title(next)}` : "This is the last slide.";
        tick();
    }

    function tick() {
        if (!notes || notes.closed || begun === null) {
            return;
        }
        const passed = (Date.now() - begun) / 1000;
        const planned = minutesBefore(current + 1) * 60;
        const place = notes.document.getElementById("clock");
        if (place) {
            place.textContent = `${clock(passed)} · this slide until ${clock(planned)} · ${current + 1} of ${slides.length}`;
            place.classList.toggle("late", passed > planned);
        }
    }

    // ---- keys ----

    function onKey(event) {
        if (event.altKey || event.ctrlKey || event.metaKey) {
            return;
        }
        const tag = event.target?.tagName ?? "";
        const isWriting = /^(input|textarea|select)$/i.test(tag);
        const isPressing = /^(a|button|summary)$/i.test(tag) && (event.key === " " || event.key === "Enter");
        if (isWriting || isPressing || (event.repeat && !event.key.startsWith("Arrow"))) {
            return;
        }
        if (!isPresenting()) {
            if (event.key === "p") {
                take(event);
                begin(nearest());
                wholeScreen();
            }
            return;
        }
        const actions = {
            ArrowRight: () => show(current + 1),
            ArrowDown: () => show(current + 1),
            PageDown: () => show(current + 1),
            " ": () => show(current + 1),
            Enter: () => show(current + 1),
            ArrowLeft: () => show(current - 1),
            ArrowUp: () => show(current - 1),
            PageUp: () => show(current - 1),
            Backspace: () => show(current - 1),
            Home: () => show(0),
            End: () => show(slides.length - 1),
            a: answers,
            s: openNotes,
            b: () => root.classList.toggle("blank"),
            f: wholeScreen,
            p: end,
            // The browser does not pass on the Escape that leaves full screen.
            Escape: () => (document.getElementById("slide-keys") ? hideKeys() : end()),
            "?": showKeys,
            // Would open the search of the page behind.
            "/": () => {},
        };
        if (Object.hasOwn(actions, event.key)) {
            take(event);
            actions[event.key]();
        }
    }

    // mdBook uses some of these keys for something else.
    function take(event) {
        event.preventDefault();
        event.stopImmediatePropagation();
    }

    addEventListener("keydown", onKey, true);
    addEventListener("resize", fit);
    addEventListener("hashchange", () => {
        if (isPresenting() && named() >= 0 && named() !== current) {
            show(named());
        }
    });
    document.addEventListener("fullscreenchange", fit);
    // The next page could not write into a window opened by this one.
    addEventListener("pagehide", () => notes?.close());
    setInterval(tick, 500);

    const query = new URLSearchParams(location.search);
    if (query.has("paged")) {
        // Sheets show questions without their answers.
        root.classList.add("paged");
        root.classList.remove("coal", "navy", "ayu", "rust");
        root.classList.add("light");
    } else if (query.has("present")) {
        begin(Math.max(0, named()));
    }
})();
