package postgres

// typ is a type of Postgres that is the same on every server.
type typ struct {
	oid  uint32
	name string
	// element is the type of the elements of an array, or of the bounds of a range.
	element *typ
	// write writes a value in text form; false where the bytes are no value of the type. It is nil
	// where it is not known how.
	write func(w *writer, t *typ, b []byte) bool
}

// types are the types by their object ids.
var types = catalog()

func catalog() map[uint32]*typ {
	all := map[uint32]*typ{}
	for _, row := range rows {
		one := &typ{row.oid, row.name, all[row.element], row.write}
		all[row.oid] = one
		if row.array == 0 {
			continue
		}
		array := &typ{oid: row.array, name: "_" + row.name, element: one}
		if row.write != nil {
			array.write = (*writer).array
		}
		all[row.array] = array
	}
	return all
}

// rows are from the catalog pg_type of Postgres 15: a type, its array, and what is in a range.
var rows = [...]struct {
	oid, array uint32
	name       string
	element    uint32
	write      func(w *writer, t *typ, b []byte) bool
}{
	{16, 1000, "bool", 0, (*writer).boolean},
	{17, 1001, "bytea", 0, (*writer).bytea},
	{18, 1002, "char", 0, (*writer).character},
	{19, 1003, "name", 0, (*writer).plain},
	{20, 1016, "int8", 0, (*writer).integer},
	{21, 1005, "int2", 0, (*writer).integer},
	{22, 1006, "int2vector", 0, nil},
	{23, 1007, "int4", 0, (*writer).integer},
	{24, 1008, "regproc", 0, nil},
	{25, 1009, "text", 0, (*writer).plain},
	{26, 1028, "oid", 0, (*writer).unsigned},
	{27, 1010, "tid", 0, nil},
	{28, 1011, "xid", 0, (*writer).unsigned},
	{29, 1012, "cid", 0, (*writer).unsigned},
	{30, 1013, "oidvector", 0, nil},
	{114, 199, "json", 0, (*writer).plain},
	{142, 143, "xml", 0, (*writer).plain},
	{600, 1017, "point", 0, nil},
	{601, 1018, "lseg", 0, nil},
	{602, 1019, "path", 0, nil},
	{603, 1020, "box", 0, nil},
	{604, 1027, "polygon", 0, nil},
	{628, 629, "line", 0, nil},
	{650, 651, "cidr", 0, (*writer).inet},
	{700, 1021, "float4", 0, (*writer).float4},
	{701, 1022, "float8", 0, (*writer).float8},
	{705, 0, "unknown", 0, (*writer).plain},
	{718, 719, "circle", 0, nil},
	{774, 775, "macaddr8", 0, (*writer).mac},
	{790, 791, "money", 0, nil},
	{829, 1040, "macaddr", 0, (*writer).mac},
	{869, 1041, "inet", 0, (*writer).inet},
	{1033, 1034, "aclitem", 0, nil},
	{1042, 1014, "bpchar", 0, (*writer).plain},
	{1043, 1015, "varchar", 0, (*writer).plain},
	{1082, 1182, "date", 0, (*writer).date},
	{1083, 1183, "time", 0, (*writer).timeOfDay},
	{1114, 1115, "timestamp", 0, (*writer).timestamp},
	{1184, 1185, "timestamptz", 0, (*writer).timestampWithZone},
	{1186, 1187, "interval", 0, (*writer).interval},
	{1266, 1270, "timetz", 0, (*writer).timeWithZone},
	{1560, 1561, "bit", 0, (*writer).bits},
	{1562, 1563, "varbit", 0, (*writer).bits},
	{1700, 1231, "numeric", 0, (*writer).numeric},
	{1790, 2201, "refcursor", 0, (*writer).plain},
	{2202, 2207, "regprocedure", 0, nil},
	{2203, 2208, "regoper", 0, nil},
	{2204, 2209, "regoperator", 0, nil},
	{2205, 2210, "regclass", 0, nil},
	{2206, 2211, "regtype", 0, nil},
	{2249, 2287, "record", 0, nil},
	{2275, 1263, "cstring", 0, (*writer).plain},
	{2278, 0, "void", 0, (*writer).plain},
	{2950, 2951, "uuid", 0, (*writer).uuid},
	{2970, 2949, "txid_snapshot", 0, nil},
	{3220, 3221, "pg_lsn", 0, (*writer).lsn},
	{3614, 3643, "tsvector", 0, nil},
	{3615, 3645, "tsquery", 0, nil},
	{3734, 3735, "regconfig", 0, nil},
	{3769, 3770, "regdictionary", 0, nil},
	{3802, 3807, "jsonb", 0, (*writer).versioned},
	{3904, 3905, "int4range", 23, (*writer).ranges},
	{3906, 3907, "numrange", 1700, (*writer).ranges},
	{3908, 3909, "tsrange", 1114, (*writer).ranges},
	{3910, 3911, "tstzrange", 1184, (*writer).ranges},
	{3912, 3913, "daterange", 1082, (*writer).ranges},
	{3926, 3927, "int8range", 20, (*writer).ranges},
	{4072, 4073, "jsonpath", 0, (*writer).versioned},
	{4089, 4090, "regnamespace", 0, nil},
	{4096, 4097, "regrole", 0, nil},
	{4191, 4192, "regcollation", 0, nil},
	{4451, 6150, "int4multirange", 0, nil},
	{4532, 6151, "nummultirange", 0, nil},
	{4533, 6152, "tsmultirange", 0, nil},
	{4534, 6153, "tstzmultirange", 0, nil},
	{4535, 6155, "datemultirange", 0, nil},
	{4536, 6157, "int8multirange", 0, nil},
	{5038, 5039, "pg_snapshot", 0, nil},
	{5069, 271, "xid8", 0, (*writer).unsigned},
}
