export { type RedactionCounts, Redactor, redact } from './redact.ts';
