import type { Frame } from "../inspect/frames.js";
import { Message } from "./protobuf.js";
import type { AllocationSite } from "./sites.js";

// Fields of perftools.profiles.Profile (google/pprof, proto/profile.proto).
const PROFILE = {
  sampleType: 1,
  sample: 2,
  location: 4,
  function: 5,
  stringTable: 6,
  timeNanos: 9,
  durationNanos: 10,
  periodType: 11,
  period: 12,
  defaultSampleType: 14,
};
const VALUE_TYPE = { type: 1, unit: 2 };
const SAMPLE = { locationId: 1, value: 2, label: 3 };
const LABEL = { key: 1, str: 2 };
const LOCATION = { id: 1, line: 4 };
const LINE = { functionId: 1, line: 2, column: 3 };
const FUNCTION = { id: 1, name: 2, systemName: 3, filename: 4 };

/** What each sample counts: Go's heap profiles, so that tools know them. */
const SAMPLE_TYPES = [
  ["alloc_objects", "count"],
  ["alloc_space", "bytes"],
  ["inuse_objects", "count"],
  ["inuse_space", "bytes"],
] as const;

/** Encodes sites as a pprof profile, not compressed. Times in milliseconds since 1970. */
export function encodePprof(
  sites: readonly AllocationSite[],
  { sampleBytes, startMs, durationMs }: { sampleBytes: number; startMs: number; durationMs: number },
): Uint8Array {
  const strings = new Numbers<string>();
  strings.of("", "");
  const functions = new Numbers<Frame>();
  const locations = new Numbers<Frame>();
  const profile = new Message();
  for (const [type, unit] of SAMPLE_TYPES)
    profile.message(PROFILE.sampleType, valueType(strings, type, unit));
  for (const { frames, type, totalCount, totalBytes, count, bytes } of sites) {
    const sample = new Message()
      .numbers(
        SAMPLE.locationId,
        frames.map((frame) => locations.of(placeOf(frame), frame) + 1),
      )
      .numbers(SAMPLE.value, [totalCount, totalBytes, count, bytes].map(Math.round))
      .message(
        SAMPLE.label,
        new Message().number(LABEL.key, text(strings, "type")).number(LABEL.str, text(strings, type)),
      );
    profile.message(PROFILE.sample, sample);
  }
  locations.all.forEach((frame, i) => {
    const functionId = functions.of(`${frame.name}\n${frame.file}`, frame) + 1;
    const line = new Message().number(LINE.functionId, functionId).number(LINE.line, frame.line);
    line.number(LINE.column, frame.column);
    profile.message(PROFILE.location, new Message().number(LOCATION.id, i + 1).message(LOCATION.line, line));
  });
  functions.all.forEach(({ name, file }, i) => {
    const message = new Message().number(FUNCTION.id, i + 1).number(FUNCTION.name, text(strings, name));
    message.number(FUNCTION.systemName, text(strings, name)).number(FUNCTION.filename, text(strings, file));
    profile.message(PROFILE.function, message);
  });
  profile
    .number(PROFILE.timeNanos, Math.round(startMs) * 1e6)
    .number(PROFILE.durationNanos, Math.round(durationMs) * 1e6)
    .message(PROFILE.periodType, valueType(strings, "space", "bytes"))
    .number(PROFILE.period, sampleBytes)
    .number(PROFILE.defaultSampleType, text(strings, "inuse_space"));
  for (const string of strings.all) profile.text(PROFILE.stringTable, string);
  return profile.finish();
}

function valueType(strings: Numbers<string>, type: string, unit: string): Message {
  return new Message()
    .number(VALUE_TYPE.type, text(strings, type))
    .number(VALUE_TYPE.unit, text(strings, unit));
}

function text(strings: Numbers<string>, string: string): number {
  return strings.of(string, string);
}

function placeOf({ name, file, line, column }: Frame): string {
  return `${name}\n${file}\n${line}\n${column}`;
}

/** Things by number, each key once. */
class Numbers<T> {
  readonly all: T[] = [];
  readonly #numbers = new Map<string, number>();

  of(key: string, thing: T): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.all.push(thing) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}
