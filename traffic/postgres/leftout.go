package postgres

// Kinds of what is left out.
const (
	kindEncrypted    = "encrypted Postgres connections"
	kindDenied       = "Postgres connections given up by their client when it was denied encryption"
	kindReplication  = "Postgres replication connections"
	kindCancel       = "cancel requests"
	kindRefused      = "refused Postgres logins"
	kindLost         = "Postgres statements with bytes missing"
	kindStretch      = "stretches of Postgres connections that could not be followed"
	kindUnprepared   = "executions of statements whose preparation was not seen"
	kindUnbound      = "executions of portals whose making was not seen"
	kindSkipped      = "statements skipped after an error before them"
	kindUnused       = "statements prepared and never executed"
	kindCopy         = "COPY statements"
	kindFunction     = "function calls of the Postgres protocol"
	kindLarge        = "statements or results beyond the size limit"
	kindHalf         = "results without their end"
	kindUndescribed  = "results whose columns were not described"
	kindEncoding     = "statements or results that are not UTF-8"
	kindUnprovoked   = "errors that answer no statement"
	kindUnrecognised = "connections that are no Postgres"
)
