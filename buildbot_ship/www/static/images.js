// The images: one row for each, with what ships now and what to do about it.
import { ask } from "./api.js";
import * as orders from "./orders.js";
import {
  Age, BuildLink, Chart, Chip, Code, Commit, days, Fact, h, megabytes, Notice, shortDigest,
  timeOfTag,
} from "./parts.js";

const { useState } = window.React;
const OLD_DAYS = 30;

function Base({ row }) {
  const time = timeOfTag(row.base_tag);
  const name = row.base.split("/").at(-1);
  if (!time) {
    return h(Code, { text: row.base, short: name });
  }
  const old = days(time) > OLD_DAYS;
  return h("span", null, h(Code, { text: row.base, short: name.split(":")[0] }), " ",
    h(Age, { time, suffix: "old" }), old && h(Chip, null, "old base"));
}

function Lock({ row }) {
  const { count, shown } = row.changes;
  return h("span", null, `${row.packages} packages, unchanged for `,
    h(Age, { time: row.lock.at, suffix: "" }),
    count > 0 && h("details", null,
      h("summary", null, `${count} changed then`),
      h("ul", { className: "ship-changes" },
        shown.map(([name, old, now]) =>
          h("li", { key: name }, `${name} ${old || "(new)"} → ${now || "(gone)"}`)),
        count > shown.length && h("li", null, `and ${count - shown.length} more`))));
}

function Channels({ row, order, action }) {
  const moves = Object.values(row.channels);
  if (moves.length === 0) {
    return "none";
  }
  return h("ul", { className: "ship-channels" }, moves.map((move) =>
    h("li", { key: move.channel },
      h("strong", null, move.channel), " ", h(Commit, { commit: move.commit }), " ",
      h(Age, { time: move.at }), move.who && ` by ${move.who}`,
      move.digest !== row.digest && h(Chip, null, "behind"),
      action && move.previous && h("button",
        {
          type: "button",
          className: "ship-button ship-small",
          onClick: () => order(orders.rollBack(row, action, move)),
        }, `Roll back ${move.channel}`))));
}

function History({ row }) {
  const [found, setFound] = useState(null);
  const [error, setError] = useState("");
  const open = (event) => {
    if (event.target.open) {
      ask("history", { repository: row.repository }).then(setFound, (e) => setError(e.message));
    }
  };
  return h("details", { className: "ship-history", onToggle: open },
    h("summary", null, "History"),
    error && h(Notice, { error }),
    found && h("ul", null,
      found.promotions.map((move) => h("li", { key: `${move.channel}${move.at}` },
        `${move.channel}: `, h(Commit, { commit: move.before || "nothing" }), " → ",
        h(Commit, { commit: move.commit }), ` by ${move.who || "nobody"}, `,
        h(Age, { time: move.at }), " ", h(BuildLink, { build: move.build }))),
      found.publications.map((each) => h("li", { key: each.digest },
        "published ", h(Commit, { commit: each.commit }), `, ${megabytes(each.size)}, `,
        h(Age, { time: each.at }), " ", h(BuildLink, { build: each.build })))));
}

function Buttons({ row, actions, order }) {
  const labels = {
    promote: "Promote", rebuild: "Rebuild", rebase: "Re-base", harden: "Re-harden",
  };
  return h("div", { className: "ship-actions" }, Object.entries(labels).map(([name, label]) => {
    const action = actions[name]?.[row.build.builder];
    return action && h("button", {
      key: name,
      type: "button",
      className: "ship-button",
      "aria-label": `${label} ${row.image}`,
      onClick: () => order(orders[name](row, action)),
    }, label);
  }));
}

export function Running({ builds }) {
  return builds.map((build) => h("p", { key: build.buildid, className: "ship-running" },
    h("a", { href: `#/builders/${build.builderid}/builds/${build.number}` },
      `${build.builder} #${build.number}`), ` ${build.says || build.state_string}`));
}

function Image({ row, data, order }) {
  const promoting = data.actions.promote?.[row.build.builder];
  return h("li", { className: "ship-row", "data-repository": row.repository },
    h("div", { className: "ship-head" },
      h("h2", null, row.image), h("span", { className: "ship-quiet" }, row.repository),
      h("span", { className: "ship-chips" },
        h(Chip, { good: row.tested }, row.tested ? "tested" : "not tested"),
        h(Chip, { good: row.verified }, row.verified ? "reproducible" : "not verified"))),
    h("dl", { className: "ship-facts" },
      h(Fact, { name: "Published" }, h(Commit, { commit: row.commit }), " ",
        h(Age, { time: row.at }), " ", h(BuildLink, { build: row.build })),
      h(Fact, { name: "Digest" },
        h(Code, { text: row.digest, short: shortDigest(row.digest) })),
      h(Fact, { name: "Size" }, megabytes(row.size), " ", h(Chart, { sizes: row.sizes })),
      h(Fact, { name: "Base" }, h(Base, { row })),
      h(Fact, { name: "Requirements" }, h(Lock, { row })),
      h(Fact, { name: "Channels" }, h(Channels, { row, order, action: promoting }))),
    h(Buttons, { row, actions: data.actions, order }),
    h(History, { row }));
}

export function Images({ data, order }) {
  if (data.total === 0) {
    return h("p", null, "Nothing is published yet. An image appears here with the first build " +
      "that publishes it.");
  }
  return h("ul", { className: "ship-rows" },
    data.images.map((row) => h(Image, { key: row.repository, row, data, order })));
}
