// Measures the page in the frame: what is cut off, how faint its text is, and how small that of its drawings.
onload = () => {
    const page = document.querySelector("iframe").contentDocument;
    const view = page.defaultView;
    page.querySelectorAll("details").forEach((it) => (it.open = true));
    const all = [...page.querySelectorAll("h1,h2,h3,p,pre,code,li span,li b,time,summary,figcaption,svg text")];
    const seen = all.filter((it) => it.getBoundingClientRect().width > 0);
    const outside = seen.filter((it) => !it.closest(".wide"));
    const boxes = outside.map((it) => it.getBoundingClientRect());
    const drawn = seen.filter((it) => it.closest("svg"));
    const numbers = (text) => text.match(/[\d.]+/g).map(Number);
    // The luminance and the contrast as WCAG 2.1 defines them.
    const part = (value) =>
        value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = ([red, green, blue]) =>
        0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
    const behind = (it) => {
        for (; it; it = it.parentElement) {
            const found = numbers(view.getComputedStyle(it).backgroundColor);
            if (found.length < 4 || found[3] > 0) return found;
        }
        return [255, 255, 255];
    };
    const contrast = (it) => {
        const text = luminance(numbers(view.getComputedStyle(it).color));
        const paper = luminance(behind(it));
        return (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
    };
    const said = {
        aside: page.documentElement.scrollWidth - page.documentElement.clientWidth,
        boxes: boxes.length,
        cut: boxes.filter((box) => box.left < -0.5 || box.right > WIDTH + 0.5).length,
        // Text in drawings has its colour from `fill`.
        contrast: Math.min(...seen.filter((it) => !it.closest("svg")).map(contrast)),
        least: Math.min(...drawn.map((it) => it.getBoundingClientRect().height)),
        paper: view.getComputedStyle(page.body).backgroundColor,
    };
    document.getElementById("said").textContent = "said " + JSON.stringify(said);
};
