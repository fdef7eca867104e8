// Package postgres reads the Postgres wire protocol (version 3) from the side: it makes records of the
// statements that pass on a connection, and passes them on where it stands in between.
//
// # What becomes a record
//
// A simple query is one record, however many statements its text holds. In the extended protocol every
// execution is one, with the text and the parameter types of the statement it was bound to; a statement
// that cannot even be prepared is one with its error. Executions of one portal that read it in portions
// are joined. Everything is kept in Postgres' text form, see [traffic.Query]: what was sent in binary is
// written as the server would print it with DateStyle ISO, IntervalStyle postgres and times with a zone
// in UTC. Values of other types that were sent in binary are \x and their bytes in hexadecimal.
//
// # What does not
//
// Authentication is read past and never kept. COPY, function calls and replication are left out, and so
// is all that was not seen whole; each with its kind. A connection that cannot be followed any more, as
// bytes are missing, is taken up again after the server's next ReadyForQuery: then all that was sent
// before has been answered. With a client that sends a Sync or a simple query before the one before has been
// answered it is left out to its end. Statements that were prepared before are unknown from there on, as their
// names may have been given anew.
package postgres
