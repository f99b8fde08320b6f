// "Are we affected?": which images contain a package.
import { ask } from "./api.js";
import { Age, Chip, Commit, h, Notice } from "./parts.js";

const { useState } = window.React;

function Found({ row }) {
  return h("li", { className: "ship-row" },
    h("div", { className: "ship-head" },
      h("h2", null, row.image), h("span", { className: "ship-quiet" }, row.repository),
      row.channels.map((name) => h(Chip, { key: name }, `live in ${name}`)),
      row.newest && h(Chip, null, "newest")),
    h("p", null, `${row.name} ${row.version} in commit `, h(Commit, { commit: row.commit }),
      ", since commit ", h(Commit, { commit: row.since.commit }), " ",
      h(Age, { time: row.since.at })),
    h("p", null, `through ${row.through.join(" → ")}`));
}

export function AffectedView() {
  const [text, setText] = useState("");
  const [found, setFound] = useState(null);
  const [error, setError] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    setError("");
    try {
      setFound(await ask("affected", { package: text }));
    } catch (problem) {
      setFound(null);
      setError(problem.message);
    }
  };
  const counted = (number, thing, things) => `${number} ${number === 1 ? thing : things}`;
  const said = found && `${found.asked}: ` +
    `${counted(found.images.length, "image", "images")} affected, ` +
    `${counted(found.searched, "repository", "repositories")} searched`;
  return h("div", null,
    h("form", { onSubmit: submit, className: "ship-search" },
      h("label", { htmlFor: "ship-package" }, "Package, such as urllib3 or urllib3<2.5"),
      h("input", { id: "ship-package", value: text, onChange: (e) => setText(e.target.value) }),
      h("button", { type: "submit", className: "ship-button ship-main" }, "Search")),
    h(Notice, { error, text: said }),
    found && h("ul", { className: "ship-rows" },
      found.images.map((row) => h(Found, { key: row.reference + row.version, row }))));
}
