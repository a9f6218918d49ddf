import type { Build } from "../support/cores.js";
import { Random } from "../support/random.js";
import { BYTES } from "./actions/bytes.js";
import { COLLECTOR } from "./actions/collector.js";
import { DICTS } from "./actions/dicts.js";
import { LISTS } from "./actions/lists.js";
import { LIVES } from "./actions/lives.js";
import { RECORDS } from "./actions/records.js";
import { VALUES } from "./actions/values.js";
import { WEAK } from "./actions/weak.js";
import { WHOLE } from "./actions/whole.js";
import { isOutOfMemory } from "./blocks.js";
import { judge, judgeEnd } from "./judge.js";
import { randomSetting, type Setting } from "./setting.js";
import { Stage, type Actions } from "./stage.js";

/** What repeats a program: its seed, and what shall not be left to chance. */
export interface Program {
  readonly seed: number;
  readonly setting?: Partial<Setting>;
  /** Names of actions, in order; by default as many as chance picks. */
  readonly actions?: readonly string[];
}

const ACTIONS: Actions = {
  ...BYTES,
  ...RECORDS,
  ...VALUES,
  ...LISTS,
  ...DICTS,
  ...LIVES,
  ...WEAK,
  ...COLLECTOR,
  ...WHOLE,
};
const NAMES = Object.keys(ACTIONS);

const LENGTH = 600;
/** The judge looks after so many actions. */
const INTERVAL = 30;
/** Percent of the actions that are a relief, while memory is out: a program spends ten or so in that state. */
const RELIEF = 10;
/** Percent of the times that it is picked: a heap that is reset all the time does not grow old. */
const RESETS = 10;
/** Actions that a report names. */
const SHOWN = 12;

/** Runs a program on a heap of its own. The number of its actions; throws an Error that says how to repeat it and what was done last. */
export function run(build: Build, program: Program): number {
  const random = new Random(program.seed);
  const setting = { ...randomSetting(random), ...program.setting };
  const done: string[] = [];
  try {
    const stage = new Stage(build, setting, random);
    const length = program.actions?.length ?? LENGTH;
    while (done.length < length) {
      const name = program.actions?.[done.length] ?? randomName(stage);
      done.push(name);
      attempt(stage, name);
      if (done.length % INTERVAL === 0) judge(stage);
    }
    judgeEnd(stage);
    return length;
  } catch (cause) {
    const last = `action ${done.length}, the last ones ${done.slice(-SHOWN).join(" ")}`;
    const where = `${build.name} core, TALLYHEAP_SEED=${program.seed}, ${JSON.stringify(setting)}`;
    throw new Error(`${where}, ${last}: ${String(cause)}`, { cause });
  }
}

function randomName(stage: Stage): string {
  const { filling, random } = stage;
  if (!filling.isEmpty && random.chance(RELIEF)) return "relieve";
  const name = random.pick(NAMES);
  return name === "reset" && !random.chance(RESETS) ? randomName(stage) : name;
}

/** Does something; memory may be out for it. */
function attempt(stage: Stage, name: string): void {
  const action = ACTIONS[name];
  if (action === undefined) throw new Error(`there is no action ${name}`);
  try {
    action(stage);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
  }
}
