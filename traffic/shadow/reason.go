package shadow

// Reason is why a request was not mirrored.
type Reason string

// The reasons. The first ones are by choice or in the nature of the request, the others shed what there was
// no room for.
const (
	Unsampled Reason = "not sampled"
	Method    Reason = "unsafe method"
	Upgrade   Reason = "upgraded connection"
	Stream    Reason = "event stream"
	Again     Reason = "mirrored already"
	Refused   Reason = "primary did not answer"
	Broken    Reason = "broken off"

	TooLarge  Reason = "body too large"
	NoMemory  Reason = "memory full"
	QueueFull Reason = "queue full"
	Ended     Reason = "ended before"
)

// Reasons lists all reasons, those by choice first.
func Reasons() []Reason {
	return []Reason{
		Unsampled, Method, Upgrade, Stream, Again, Refused, Broken, TooLarge, NoMemory, QueueFull, Ended,
	}
}

// Shed tells whether the reason is that there was no room.
func (r Reason) Shed() bool {
	return r == TooLarge || r == NoMemory || r == QueueFull || r == Ended
}
