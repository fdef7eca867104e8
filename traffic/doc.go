// Package traffic holds the common form of captured traffic.
//
// # Records
//
// A [Record] is one exchange: a request and, where the source had one, its response; or a query that the
// service sent to Postgres and its result. Inbound records are replayed against the service under test;
// outbound records become mocks. Bodies are kept decoded (transfer and content coding undone), with the
// original coding left in the headers, so that two captures of the same exchange compare equal whatever they
// were compressed with.
//
// # Reading
//
// A [Reader] streams: a 100 GB capture needs no more memory than a small one. A record that cannot be
// used is never skipped in silence: Read returns a [MalformedError] for it and may be called again.
//
// # Sessions
//
// A [Set] is the selected inbound traffic, grouped into sessions. Inside a session order is kept;
// sessions run in parallel.
package traffic
