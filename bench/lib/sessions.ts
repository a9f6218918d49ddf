/** Contenders that live as long as a run and answer what they are asked, a line each: bench:objects and bench:gc. */

import { wantedBy, type Plan } from "./options.js";
import { Session, type Command } from "./process.js";
import { startProgress } from "./progress.js";
import { randomFrom, shuffled } from "./random.js";

export interface Candidate {
  readonly name: string;
  readonly command: Command;
  /** May be absent; the others are part of the project. */
  readonly isOptional?: boolean;
}

export interface Present {
  readonly name: string;
  readonly version: string;
  readonly session: Session;
}

/** Starts those whose names contain one of the words of `--only`. Their first line is their version. */
export async function startSessions(
  candidates: readonly Candidate[],
  only: string | undefined,
): Promise<{ present: Present[]; absent: string[] }> {
  const wanted = candidates.filter(({ name }) => wantedBy(only)(name));
  if (wanted.length === 0) throw new Error(`--only ${only}: no such contender`);
  const present: Present[] = [];
  const absent: string[] = [];
  for (const { name, command, isOptional } of wanted) {
    const session = new Session(command);
    try {
      present.push({ name, version: await session.read(), session });
    } catch (error) {
      if (!isOptional) throw error;
      absent.push(name);
    }
  }
  return { present, absent };
}

/** Answers of each contender to each question: one a round. */
export type Answers<A> = ReadonlyMap<string, readonly A[]>;

export const answerKey = (question: string, contender: string): string => `${question}\n${contender}`;

/**
 * Asks everybody everything, once a round, in an order that is shuffled for each question. A first round warms up and is
 * not counted. `ask` gives undefined for what a contender does not have.
 */
export async function askRounds<Q extends { readonly name: string }, A>(
  present: readonly Present[],
  questions: readonly Q[],
  { rounds, seed }: Plan,
  ask: (contender: Present, question: Q, isWarmUp: boolean) => Promise<A | undefined>,
): Promise<Answers<A>> {
  const answers = new Map<string, A[]>();
  const random = randomFrom(seed);
  const progress = startProgress(questions.length * present.length * (rounds + 1));
  try {
    for (let round = -1; round < rounds; round++) {
      for (const question of questions) {
        for (const contender of shuffled(present, random)) {
          progress.tick(`${question.name}: ${contender.name}`);
          const answer = await ask(contender, question, round < 0);
          if (answer === undefined || round < 0) continue;
          const key = answerKey(question.name, contender.name);
          const earlier = answers.get(key);
          if (earlier) earlier.push(answer);
          else answers.set(key, [answer]);
        }
      }
    }
  } finally {
    progress.stop();
  }
  return answers;
}

export async function closeSessions(present: readonly Present[]): Promise<void> {
  await Promise.all(present.map(({ session }) => session.close()));
}
