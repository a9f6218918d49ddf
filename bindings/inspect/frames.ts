/** A frame of a JavaScript stack. */
export interface Frame {
  /** Name of the function; `(anonymous)` if it has none. */
  readonly name: string;
  /** File or address of its script; "" for what is built in. */
  readonly file: string;
  /** Both from 1 on; 0 if they are not known. */
  readonly line: number;
  readonly column: number;
}

/** V8: `at name (file:line:column)`, `at file:line:column`. */
const V8 = /^at (?:(.*) \()?(.*?)(?::(\d+))?(?::(\d+))?\)?$/;
/** SpiderMonkey and JavaScriptCore: `name@file:line:column`. */
const OTHERS = /^(.*?)@(.*?)(?::(\d+))?(?::(\d+))?$/;

/** Where the modules of this package are; undefined if it was bundled together with what uses it. */
const own = /^(.*\/)inspect\/frames\.[jt]s$/.exec(parse(new Error().stack)[0]?.file ?? "")?.[1];

/** The frames of a stack, innermost first, from the first one on that does not belong to the heap. */
export function framesOf(stack: string | undefined): Frame[] {
  const frames = parse(stack);
  const first = frames.findIndex(({ file }) => !isOwn(file));
  return first < 0 ? frames : frames.slice(first);
}

/** A frame as V8 prints it, without `at`. */
export function frameText({ name, file, line, column }: Frame): string {
  return file === "" ? name : `${name} (${file}:${line}:${column})`;
}

/** The innermost frame that is not the heap's, as text. */
export function callerOf(stack: string): string {
  const frame = framesOf(stack)[0];
  return frame ? frameText(frame) : "?";
}

function isOwn(file: string): boolean {
  return file.startsWith("wasm:") || (own !== undefined && file.startsWith(own));
}

function parse(stack: string | undefined): Frame[] {
  return (stack ?? "").split("\n").flatMap((line) => {
    const text = line.trim();
    const match = text.startsWith("at ") ? V8.exec(text) : OTHERS.exec(text);
    if (match === null) return [];
    const [, name, file = "", row, column] = match;
    const isPlace = row !== undefined;
    return [
      {
        name: name || (isPlace ? "(anonymous)" : file),
        file: isPlace ? file : "",
        line: Number(row ?? 0),
        column: Number(column ?? 0),
      },
    ];
  });
}
