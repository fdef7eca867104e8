// Package silentgreen holds the suites for Headgate's two promises about verdicts, over whole runs of
// small run files: what is broken never passes (silentgreen), and what is harmless always does
// (neverred). It has no code of its own.
package silentgreen
