// The bases: their timestamp tags, and what changed from one to the next.
import { Age, BuildLink, Code, h, shortDigest } from "./parts.js";

function Version({ version, newest }) {
  return h("li", null,
    h("strong", null, version.tag), " ",
    h(Code, { text: version.digest, short: shortDigest(version.digest) }), " ",
    h(Age, { time: version.at }), " ", h(BuildLink, { build: version.build }),
    version.changes.length > 0 && h("details", { open: newest },
      h("summary", null, "What changed"),
      h("ul", { className: "ship-changes" },
        version.changes.map((line, index) => h("li", { key: index }, line)))));
}

export function Bases({ data }) {
  if (data.bases.length === 0) {
    return h("p", null, "This master has copied no base yet. Its steps RetagBase and DeriveBase do it; " +
      "what the command line copies is not shown.");
  }
  return h("ul", { className: "ship-rows" }, data.bases.map((base) =>
    h("li", { key: base.repository, className: "ship-row" },
      h("div", { className: "ship-head" },
        h("h2", null, base.repository.split("/").at(-1)),
        h("span", { className: "ship-quiet" }, `from ${base.source}`)),
      h("p", null, base.users.length > 0 ?
        `The newest is the base of ${base.users.join(", ")}.` : "No image is on the newest."),
      h("ul", { className: "ship-versions" }, base.versions.map((version, index) =>
        h(Version, { key: version.tag, version, newest: index === 0 }))))));
}
