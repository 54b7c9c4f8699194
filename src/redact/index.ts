export { holdsSecret, type RedactionCounts, Redactor, redact } from './redact.ts';
