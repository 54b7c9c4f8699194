export {
  bestOrder,
  drill,
  orderable,
  orderPolicy,
  type Policy,
  predict,
  randomOrder,
  treePolicy,
  type Walk,
} from './drill.ts';
export { compilePage } from './page.ts';
export type { Plan } from './plan.ts';
export {
  CannotProve,
  type CellResult,
  expectedCells,
  NOT_RUN,
  nameOf,
  PROVE_LIMITS,
  type Progress,
  type ProveReport,
  prove,
  saidOf,
  staleCells,
  superfluousCells,
  transcriptFile,
} from './prove.ts';
export { CannotProvision, cacheFolder } from './provision/index.ts';
export { findIsolation } from './sandbox.ts';
export { missingSoftware } from './world.ts';
