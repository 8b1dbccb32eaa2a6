// The SQL editor of the workbench: CodeMirror in a shadow root, whose styles are adopted sheets, which the strict CSP allows.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--strong)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--warn)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--bad)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
]);
const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--paper)", border: "1px solid var(--quiet)", borderRadius: ".3rem", fontSize: ".95rem" },
  "&.cm-focused": { outline: "3px solid var(--strong)", outlineOffset: "2px" },
  ".cm-content": { fontFamily: "ui-monospace, monospace", caretColor: "var(--ink)", minHeight: "9rem", padding: ".5rem" },
  ".cm-scroller": { fontFamily: "ui-monospace, monospace", lineHeight: "1.6" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--strong) 25%, transparent)" },
  ".cm-tooltip": { color: "var(--ink)", backgroundColor: "var(--panel)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--on)", backgroundColor: "var(--strong)" },
});

// Puts an editor in place of a text area, which stays the source of truth: it is what a form sends.
export function open(area, { schema, label }) {
  const host = document.createElement("div");
  host.dir = "ltr";
  area.before(host);
  const root = host.attachShadow({ mode: "open" });
  let told = area.value;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: area.value,
      selection: { anchor: Math.min(area.selectionStart, area.value.length), head: Math.min(area.selectionEnd, area.value.length) },
      extensions: [
        history(), drawSelection(), bracketMatching(), closeBrackets(), autocompletion(),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
        sql({ dialect: PostgreSQL, schema, upperCaseKeywords: true }),
        syntaxHighlighting(colours), look, EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", dir: "ltr" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          told = update.state.doc.toString();
          if (told === area.value) return;
          area.value = told;
          area.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    }),
  });
  area.addEventListener("input", () => {
    if (area.value === told) return; // what the editor itself wrote
    told = area.value;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: told }, selection: { anchor: told.length } });
  });
  const focused = document.activeElement === area; // whoever went on meanwhile is not called back
  area.hidden = true;
  for (const name of area.labels) name.addEventListener("click", () => view.focus());
  if (focused) view.focus();
  return {
    insert(text) {
      view.dispatch(view.state.replaceSelection(text), { scrollIntoView: true });
      view.focus();
    },
  };
}
