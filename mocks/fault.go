package mocks

import (
	"encoding/json"
	"slices"
)

// Fault is a broken answer, by WireMock's names.
type Fault string

// The faults.
const (
	// NoFault is an answer that is whole.
	NoFault Fault = ""
	// EmptyResponse closes the connection without a byte.
	EmptyResponse Fault = "EMPTY_RESPONSE"
	// MalformedResponseChunk sends status 200 and headers, then bytes that are no chunk, then closes.
	MalformedResponseChunk Fault = "MALFORMED_RESPONSE_CHUNK"
	// RandomDataThenClose sends bytes that are no HTTP, then closes.
	RandomDataThenClose Fault = "RANDOM_DATA_THEN_CLOSE"
	// ConnectionResetByPeer closes with a TCP reset (SO_LINGER 0).
	ConnectionResetByPeer Fault = "CONNECTION_RESET_BY_PEER"
)

// Faults lists all faults but NoFault.
func Faults() []Fault {
	return []Fault{EmptyResponse, MalformedResponseChunk, RandomDataThenClose, ConnectionResetByPeer}
}

func (d *decoder) fault(path string, raw json.RawMessage) Fault {
	var f Fault
	into(d, &f, "the name of a fault")(path, raw)
	if f != NoFault && !slices.Contains(Faults(), f) {
		d.problem(path, "expected one of %v, got %q", Faults(), f)
	}
	return f
}
