export type { Standing } from '../book/index.ts';
export type { Environment } from '../evidence/index.ts';
export { treeActions, treeOf, withFirstSteps } from './advice.ts';
export {
  DEFAULT_FINDINGS,
  type DiagnoseOptions,
  DiagnosisSession,
  diagnose,
  diagnosisOf,
  type Found,
  findingOf,
  MAX_EXCERPT_CHARS,
} from './diagnose.ts';
export { checksOf, fillCommand, fitsType, quoteWord } from './fill.ts';
export { readsLikeFailure } from './focus.ts';
export {
  type DoneStep,
  type Guide,
  type GuideStep,
  guideStep,
  MAX_GUIDE_STEPS,
  parseSteps,
  printSteps,
  UNSEEN,
} from './guide.ts';
export { type Neighbours, neighboursOf } from './neighbours.ts';
export { commonSelections, type Possible, possibleWorlds } from './possible.ts';
export {
  type AvoidAnswer,
  type Diagnosis,
  type DiagnosisFinding,
  diagnosisSchema,
  type NextStep,
  type TryAnswer,
} from './schema.ts';
export { SHAPE_LIMITS, type Shape, ShapeReader, shapeOf } from './shape.ts';
export {
  type ActionNode,
  type CheckNode,
  MAX_EXACT_STATES,
  type PossibleCause,
  STEP_COSTS,
  type StopNode,
  type TreeAction,
  type TreeNode,
} from './tree.ts';
