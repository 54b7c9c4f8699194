export { SCAN_FILE_LIMITS } from './blocks.ts';
export { type FollowOptions, follow } from './follow.ts';
export { type ScanOptions, type ScanProgress, type ScanResult, scan } from './scan.ts';
export { type Count, type Place, type ScanEvent, type ScanReport, TALLY_LIMITS } from './tally.ts';
export { readMoment, timeOf } from './time.ts';
