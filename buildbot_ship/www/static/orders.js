// What the buttons of an image order: the build that is forced, with its parameters.

const CHANNEL = "[A-Za-z][A-Za-z0-9_.\\-]{0,127}";
const REASON = { reason: "the Ship page" };

function promotion(row, action, image, commit, channel, expected) {
  return {
    action,
    parameters: { ...REASON, image_repository: row.repository, image, expected },
    fields: [{ name: "channel", label: "Channel", value: channel, pattern: CHANNEL }],
  };
}

export function promote(row, action) {
  const order = promotion(row, action, row.digest, row.commit, "production", "");
  return {
    ...order,
    title: `Promote ${row.image}`,
    text: `Set a channel to commit ${row.commit.slice(0, 12)}. Nothing is built.`,
    button: "Promote",
  };
}

export function rollBack(row, action, move) {
  const order = promotion(row, action, move.previous, move.before, move.channel, move.digest);
  return {
    ...order,
    parameters: { ...order.parameters, channel: move.channel },
    fields: [],
    title: `Roll ${row.image} back`,
    text: `Set ${move.channel} back from commit ${move.commit.slice(0, 12)} to ` +
      `${move.before.slice(0, 12) || move.previous}. Nothing is built.`,
    button: "Roll back",
  };
}

export function rebuild(row, action) {
  return {
    action,
    parameters: { ...REASON, revision: row.commit, images: row.image, no_cache: true },
    fields: [],
    title: `Rebuild ${row.image}`,
    text: `Build commit ${row.commit.slice(0, 12)} again without the cache. The published tag ` +
      "does not move: a build that makes another image fails.",
    button: "Rebuild",
  };
}

export function rebase(row, action) {
  return {
    action,
    parameters: { ...REASON },
    fields: [],
    title: "Propose newer bases",
    text: "Push a branch with newer FROM lines for review.",
    button: "Propose",
  };
}

export function harden(row, action) {
  return {
    action,
    parameters: { ...REASON, upgrade: "all" },
    fields: [],
    title: "Propose newer requirements",
    text: "Resolve the requirements again, and push a branch for review.",
    button: "Propose",
  };
}
