// The dialogue that asks before a build is forced.
import { force } from "./api.js";
import { h, Notice } from "./parts.js";

const { useEffect, useRef, useState } = window.React;

// `order` has a title, a text, the action, its parameters, and the fields that a person fills in.
export function Dialog({ order, close, done }) {
  const element = useRef(null);
  const [values, setValues] = useState(
    Object.fromEntries(order.fields.map((field) => [field.name, field.value]))
  );
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => element.current.showModal(), []);

  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError("");
    try {
      await force(order.action, { ...order.parameters, ...values });
      done(`${order.title}: the build is requested`);
    } catch (problem) {
      setError(problem.message);
      setBusy(false);
    }
  };
  const fields = order.fields.map((field) => {
    const id = `ship-field-${field.name}`;
    const changed = (event) => setValues({ ...values, [field.name]: event.target.value });
    const options = { id, value: values[field.name], onChange: changed, required: true };
    return h("p", { key: id },
      h("label", { htmlFor: id }, field.label),
      h("input", { ...options, pattern: field.pattern }));
  });
  return h("dialog",
    { ref: element, className: "ship-dialog", "aria-labelledby": "ship-title", onClose: close },
    h("form", { onSubmit: submit },
      h("h2", { id: "ship-title" }, order.title),
      h("p", null, order.text),
      fields,
      h(Notice, { error }),
      h("div", { className: "ship-actions" },
        h("button", { type: "submit", disabled: busy, className: "ship-button ship-main" },
          order.button),
        h("button", { type: "button", className: "ship-button", onClick: close }, "Cancel"))));
}
