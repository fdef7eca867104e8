package traffic

// recordJSON is the published form of a [Record], as encoding/json reads it; [Record.AppendJSON] writes it.
type recordJSON struct {
	ID         string        `json:"id"`
	Time       string        `json:"time"`
	Direction  Direction     `json:"direction"`
	Service    string        `json:"service,omitempty"`
	Session    string        `json:"session,omitempty"`
	Connection string        `json:"connection,omitempty"`
	Parent     string        `json:"parent,omitempty"`
	Protocol   Protocol      `json:"protocol,omitempty"`
	DurationMS float64       `json:"duration_ms,omitempty"`
	Request    *requestJSON  `json:"request"`
	Response   *responseJSON `json:"response,omitempty"`
}

// requestJSON has the fields of both protocols: method, url, headers and body are those of http, sql and
// params those of postgres.
type requestJSON struct {
	Method  string              `json:"method,omitempty"`
	URL     string              `json:"url,omitempty"`
	SQL     *string             `json:"sql,omitempty"`
	Params  []paramJSON         `json:"params,omitzero"`
	Host    string              `json:"host,omitempty"`
	Headers map[string][]string `json:"headers,omitempty"`
	bodyJSON
}

type paramJSON struct {
	Type  string  `json:"type,omitempty"`
	Value *string `json:"value"`
}

// responseJSON has the fields of both protocols: status, headers and body are those of http, the others
// those of postgres.
type responseJSON struct {
	Status  int                 `json:"status,omitempty"`
	Headers map[string][]string `json:"headers,omitempty"`
	bodyJSON
	resultJSON
}

type resultJSON struct {
	Columns []columnJSON `json:"columns,omitzero"`
	Rows    [][]*string  `json:"rows,omitzero"`
	Tag     string       `json:"tag,omitempty"`
	Error   *errorJSON   `json:"error,omitempty"`
	Then    []resultJSON `json:"then,omitempty"`
}

type columnJSON struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
}

type errorJSON struct {
	SQLState string            `json:"sqlstate"`
	Message  string            `json:"message"`
	Fields   map[string]string `json:"fields,omitempty"`
}

// bodyJSON holds a body as text where it is valid UTF-8, else in base64.
type bodyJSON struct {
	Text   *string `json:"body,omitempty"`
	Base64 []byte  `json:"body_base64,omitempty"`
}
