// The page: three views, live data, and a light or a dark look.
import { AffectedView } from "./affected.js";
import { ask, listen } from "./api.js";
import { Bases } from "./bases.js";
import { Dialog } from "./dialog.js";
import { Images, Running } from "./images.js";
import { h, Notice } from "./parts.js";

const { useCallback, useEffect, useState } = window.React;
const THEME = "ship.theme";
const VIEWS = { images: "Images", bases: "Bases", affected: "Are we affected?" };

function isDark() {
  const chosen = localStorage.getItem(THEME) ??
    document.documentElement.getAttribute("data-bs-theme");
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function useAnswer(question, options) {
  const [answer, setAnswer] = useState(null);
  const [error, setError] = useState("");
  const key = JSON.stringify(options);
  const load = useCallback(() => {
    ask(question, JSON.parse(key)).then((value) => {
      setAnswer(value);
      setError("");
    }, (problem) => setError(problem.message));
  }, [question, key]);
  useEffect(() => {
    load();
    return listen(load);
  }, [load]);
  return [answer, error];
}

function ImagesView({ order }) {
  const [search, setSearch] = useState("");
  const [start, setStart] = useState(0);
  const [data, error] = useAnswer("images", { search, start });
  const type = (event) => {
    setSearch(event.target.value);
    setStart(0);
  };
  const move = (to, label) => h("button",
    { type: "button", className: "ship-button", onClick: () => setStart(to) }, label);
  const next = data && data.start + data.images.length;
  return h("div", null,
    h("p", { className: "ship-search" },
      h("label", { htmlFor: "ship-filter" }, "Show images whose name contains"),
      h("input", { id: "ship-filter", value: search, onChange: type })),
    h(Notice, { error }),
    data && h(Running, { builds: data.running }),
    data && h(Images, { data, order }),
    data && h("div", { className: "ship-actions" },
      data.start > 0 && move(0, "First images"),
      next < data.total && move(next, `More: ${next} of ${data.total} shown`)));
}

function BasesView() {
  const [data, error] = useAnswer("bases", {});
  return h("div", null, h(Notice, { error }), data && h(Bases, { data }));
}

function Page() {
  const [view, setView] = useState("images");
  const [dark, setDark] = useState(isDark());
  const [order, setOrder] = useState(null);
  const [said, setSaid] = useState("");
  const turn = () => {
    localStorage.setItem(THEME, dark ? "light" : "dark");
    setDark(!dark);
  };
  const done = (text) => {
    setOrder(null);
    setSaid(text);
  };
  const views = {
    images: () => h(ImagesView, { order: setOrder }),
    bases: () => h(BasesView),
    affected: () => h(AffectedView),
  };
  return h("main", { className: "ship", "data-theme": dark ? "dark" : "light" },
    h("div", { className: "ship-top" },
      h("h1", null, "Ship"),
      h("nav", { "aria-label": "Views of the Ship page" }, Object.entries(VIEWS).map(
        ([name, label]) => h("button", {
          key: name,
          type: "button",
          className: "ship-tab",
          "aria-current": view === name ? "page" : undefined,
          onClick: () => setView(name),
        }, label))),
      h("button", { type: "button", className: "ship-button", onClick: turn },
        dark ? "Light" : "Dark")),
    h(Notice, { text: said }),
    views[view](),
    order && h(Dialog, { order, done, close: () => setOrder(null) }));
}

function Icon() {
  return h("svg", { viewBox: "0 0 16 16", width: "1em", height: "1em", fill: "currentColor" },
    h("path", { d: "M1 10h14l-2 5H3zM4 6h3v3H4zm4 0h3v3H8zM6 2h3v3H6z" }));
}

export function register() {
  window.BuildbotPluginSupport.buildbotSetupPlugin((registration) => {
    registration.registerMenuGroup({
      name: "ship",
      caption: "Ship",
      icon: h(Icon),
      order: 2,
      route: "/ship",
      parentName: null,
    });
    registration.registerRoute({ route: "/ship", group: "ship", element: () => h(Page) });
  });
}
