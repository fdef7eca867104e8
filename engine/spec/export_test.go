package spec

// SplitLines is for tests that check positions.
var SplitLines = splitLines
