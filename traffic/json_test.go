package traffic

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func exchange() *Record {
	return &Record{
		ID: "r1", Time: time.Date(2026, 11, 1, 8, 30, 0, 123456789, time.UTC), Direction: Inbound,
		Service: "orders", Session: "s1", Parent: "p1", Protocol: HTTP, Duration: 1234567 * time.Nanosecond,
		Request: &Request{
			Method: "POST", URL: "/orders?x=1", Host: "orders.example",
			Header: http.Header{"Accept": {"a/b", "c/d"}}, Body: []byte("<a>&\"\x00\u2028"),
		},
		Response: &Response{Status: 201, Header: http.Header{"Location": {"/orders/1"}}, Body: []byte{0xff, 0x00}},
	}
}

func query() *Record {
	return &Record{
		ID: "q1", Time: time.Date(2026, 11, 1, 8, 30, 0, 0, time.UTC), Direction: Outbound, Service: "db",
		Connection: "c1", Parent: "r1", Protocol: Postgres, Duration: time.Millisecond,
		Request: &Request{Host: "db:5432", Query: &Query{
			SQL: "select id, note from orders where id = $1 and x = $2", Params: []Param{{"int8", new("20")}, {}},
		}},
		Response: &Response{Result: &Result{
			Columns: []Column{{"id", "int8"}, {"note", "text"}},
			Rows:    [][]*string{{new("20"), nil}, {new("21"), new("a \"b\"")}}, Tag: "SELECT 2",
		}},
	}
}

func TestQueryJSONRoundTrip(t *testing.T) {
	tests := map[string]func(*Record){
		"full":             func(*Record) {},
		"no response":      func(r *Record) { r.Response = nil },
		"simple":           func(r *Record) { r.Request.Query.Params = nil },
		"no params":        func(r *Record) { r.Request.Query.Params = []Param{} },
		"empty text":       func(r *Record) { r.Request.Query.SQL, r.Response.Result = "", &Result{} },
		"no host":          func(r *Record) { r.Request.Host = "" },
		"no rows":          func(r *Record) { r.Response.Result.Rows = [][]*string{} },
		"no columns":       func(r *Record) { r.Response.Result = &Result{Columns: []Column{}, Rows: [][]*string{{}}} },
		"no rows returned": func(r *Record) { r.Response.Result = &Result{Tag: "INSERT 0 1"} },
		"error": func(r *Record) {
			r.Response.Result = &Result{Error: &QueryError{SQLState: "23505", Message: "twice"}}
		},
		"error with fields": func(r *Record) {
			fields := map[string]string{"severity": "ERROR", "detail": "Key (id)=(1) already exists."}
			r.Response.Result = &Result{Error: &QueryError{SQLState: "23505", Fields: fields}}
		},
		"several": func(r *Record) {
			r.Response.Result.Then = []Result{{Tag: "BEGIN"}, {Error: &QueryError{SQLState: "42601"}}}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			want := query()
			change(want)
			line, err := want.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			var got Record
			if err := got.UnmarshalJSON(line); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if diff := cmp.Diff(want, &got); diff != "" {
				t.Errorf("record changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryJSONForm(t *testing.T) {
	line, err := query().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"q1","time":"2026-11-01T08:30:00Z","direction":"outbound","service":"db",` +
		`"connection":"c1","parent":"r1","protocol":"postgres","duration_ms":1,` +
		`"request":{"sql":"select id, note from orders where id = $1 and x = $2",` +
		`"params":[{"type":"int8","value":"20"},{"value":null}],"host":"db:5432"},` +
		`"response":{"columns":[{"name":"id","type":"int8"},{"name":"note","type":"text"}],` +
		`"rows":[["20",null],["21","a \"b\""]],"tag":"SELECT 2"}}`
	if diff := cmp.Diff(want, string(line)); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func TestQueryJSONErrors(t *testing.T) {
	good, err := query().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ old, new, want string }{
		"inbound":        {`outbound`, `inbound`, "direction is inbound: expected outbound"},
		"no request":     {`"request":`, `"req":`, "request is missing: expected an object with sql"},
		"no sql":         {`"sql":`, `"text":`, "request.sql is missing"},
		"a method":       {`"sql":`, `"method":"GET","sql":`, "request has method, url, headers or a body"},
		"a body":         {`"sql":`, `"body":"","sql":`, "request has method, url, headers or a body"},
		"a status":       {`"columns":`, `"status":200,"columns":`, "response has status, headers or a body"},
		"params text":    {`"value":"20"`, `"value":20`, "request.params.value: found number of"},
		"params object":  {`"value":"20"}`, `"value":"20"},3`, `expected a list such as [{"type": "int8"`},
		"a short row":    {`["20",null]`, `["20"]`, "response.rows[0] has 1 values: expected one for each of 2 columns"},
		"no columns":     {`"columns":`, `"cols":`, "response.rows[0] has 2 values: expected one for each of 0 columns"},
		"a number":       {`["20",null]`, `[20,null]`, "response.rows: found number of the wrong type"},
		"a column":       {`"columns":[`, `"columns":["id",`, "response.columns: found string"},
		"tag and error":  {`"tag":`, `"error":{"sqlstate":"23505"},"tag":`, "response has both tag and error"},
		"no state":       {`"tag":"SELECT 2"`, `"error":{"message":"x"}`, "response.error.sqlstate is missing"},
		"error text":     {`"tag":"SELECT 2"`, `"error":"x"`, "response.error: found string of the wrong type"},
		"error fields":   {`"tag":"SELECT 2"`, `"error":{"fields":["x"]}`, "response.error.fields: found array"},
		"wrong behind":   {`"tag":`, `"then":[{},{"rows":[["1"]]}],"tag":`, "response.then[1].rows[0] has 1 values"},
		"then of a then": {`"tag":`, `"then":[{"then":[{}]}],"tag":`, "response.then[0] has a then of its own"},
		"behind, a text": {`"tag":`, `"then":"x","tag":`, "response.then: found string"},
		"http with sql":  {`postgres`, `http`, "request has sql or params: expected protocol postgres"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var r Record
			err := r.UnmarshalJSON([]byte(strings.Replace(string(good), test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

// A record that cannot be read changes nothing.
func TestUnmarshalJSONOfNoRecord(t *testing.T) {
	for name, r := range map[string]*Record{"http": exchange(), "postgres": query()} {
		t.Run(name, func(t *testing.T) {
			line, err := r.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			wrong := strings.NewReplacer(`"status":201`, `"status":1`, `["20",null]`, `["20"]`).Replace(string(line))
			got := *r
			if err := got.UnmarshalJSON([]byte(wrong)); err == nil {
				t.Errorf("no error: %s", wrong)
			}
			if diff := cmp.Diff(r, &got); diff != "" {
				t.Errorf("record changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryKey(t *testing.T) {
	seen := map[string]string{}
	for name, q := range map[string]Query{
		"simple": {SQL: "a"}, "other": {SQL: "b"}, "null": {SQL: "a", Params: []Param{{}}},
		"empty": {SQL: "a", Params: []Param{{Value: new("")}}}, "typed": {SQL: "a", Params: []Param{{Type: "text"}}},
		"two": {SQL: "a", Params: []Param{{}, {}}}, "value": {SQL: "a", Params: []Param{{Value: new("x")}}},
	} {
		if before, known := seen[q.Key()]; known {
			t.Errorf("%s has the key of %s", name, before)
		}
		seen[q.Key()] = name
	}
	a, b := query(), query()
	if DigestOf(a) != DigestOf(b) {
		t.Error("digests of the same query differ")
	}
	if b.Request.Query.Params[0].Value = new("21"); DigestOf(a) == DigestOf(b) {
		t.Error("digests of two queries are the same")
	}
}

func TestRecordJSONRoundTrip(t *testing.T) {
	tests := map[string]func(*Record){
		"full":             func(*Record) {},
		"no response":      func(r *Record) { r.Response = nil },
		"no bodies":        func(r *Record) { r.Request.Body, r.Response.Body = nil, nil },
		"binary request":   func(r *Record) { r.Request.Body = []byte{0, 1, 0xfe} },
		"connection":       func(r *Record) { r.Connection = "10.0.0.1:50000" },
		"only what it has": func(r *Record) { r.Service, r.Session, r.Parent, r.Request.Header = "", "", "", nil },
		"no duration":      func(r *Record) { r.Duration = 0 },
		"long duration":    func(r *Record) { r.Duration = 26*time.Hour + 1 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			want := exchange()
			change(want)
			line, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var got Record
			if err := json.Unmarshal(line, &got); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if diff := cmp.Diff(want, &got); diff != "" {
				t.Errorf("record changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordJSONForm(t *testing.T) {
	line, err := exchange().AppendJSON([]byte("> "))
	if err != nil {
		t.Fatal(err)
	}
	want := `> {"id":"r1","time":"2026-11-01T08:30:00.123456789Z","direction":"inbound","service":"orders",` +
		`"session":"s1","parent":"p1","protocol":"http","duration_ms":1.234567,` +
		`"request":{"method":"POST","url":"/orders?x=1","host":"orders.example",` +
		`"headers":{"Accept":["a/b","c/d"]},"body":"<a>&\"\u0000\u2028"},` +
		`"response":{"status":201,"headers":{"Location":["/orders/1"]},"body_base64":"/wA="}}`
	if diff := cmp.Diff(want, string(line)); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func TestRecordJSONBytesThatAreNotText(t *testing.T) {
	r := exchange()
	r.Request.URL = "/caf\xe9"
	r.Request.Header = http.Header{"X-Name": {"ok", "caf\xe9"}}
	line, err := r.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var got Record
	if err := got.UnmarshalJSON(line); err != nil {
		t.Fatal(err)
	}
	if got.Request.URL != "/caf%E9" || got.Request.Header["X-Name"][1] != "caf\u00e9" {
		t.Errorf("got %q and %q", got.Request.URL, got.Request.Header)
	}
	if r.Request.Header["X-Name"][1] != "caf\xe9" {
		t.Error("writing changed the record")
	}
}

func TestRecordJSONErrors(t *testing.T) {
	const good = `{"id":"1","time":"2026-11-01T00:00:00Z","direction":"inbound",` +
		`"request":{"method":"GET","url":"/"},"response":{"status":200}}`
	tests := map[string]struct{ old, new, want string }{
		"no id":             {`"id":"1",`, ``, "id is missing"},
		"no time":           {`"time":"2026-11-01T00:00:00Z",`, ``, "time is missing"},
		"bad time":          {`2026-11-01T`, `yesterday`, "time is"},
		"no direction":      {`"direction":"inbound",`, ``, "direction is missing"},
		"bad direction":     {`inbound`, `sideways`, `direction is "sideways"`},
		"bad protocol":      {`"id":"1"`, `"id":"1","protocol":"ftp"`, `protocol is "ftp"`},
		"result in http":    {`"status":200`, `"status":200,"tag":"X"`, "response has columns, rows, tag, error or then"},
		"negative duration": {`"id":"1"`, `"id":"1","duration_ms":-1`, "duration_ms is -1"},
		"huge duration":     {`"id":"1"`, `"id":"1","duration_ms":1e300`, "duration_ms is 1e+300"},
		"no request":        {`"request":`, `"req":`, "request is missing"},
		"no method":         {`"method":"GET",`, ``, "request.method is missing"},
		"bad method":        {`GET`, `G T`, `request.method is "G T"`},
		"no url":            {`"url":"/"`, `"url":""`, "request.url is missing"},
		"bad status":        {`200`, `42`, "response.status is 42"},
		"status text":       {`200`, `"200"`, "response.status: found string of the wrong type"},
		"id number":         {`"id":"1"`, `"id":1`, "id: found number"},
		"header text":       {`"url":"/"`, `"url":"/","headers":{"A":"b"}`, "request.headers"},
		"body number":       {`"url":"/"`, `"url":"/","body":3`, "request.body: found number"},
		"two bodies":        {`"url":"/"`, `"url":"/","body":"a","body_base64":"YQ=="`, "both body and"},
		"bad base64":        {`"url":"/"`, `"url":"/","body_base64":"%%"`, "illegal base64"},
		"not json":          {`"id"`, `id`, "not valid JSON at byte 2"},
		"a list":            {good, `[]`, "found array where a record"},
		"nul":               {`"1"`, "\"\x00\"", "not valid JSON"},
		"not utf-8":         {`"1"`, "\"\xff\"", "invalid UTF-8 at byte 8"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var r Record
			err := r.UnmarshalJSON([]byte(strings.Replace(good, test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestRecordJSONTolerates(t *testing.T) {
	line := `{"new":{"a":[1]},"id":"1","time":"2026-11-01T01:00:00+01:00","direction":"outbound",` +
		`"request":{"method":"GET","url":"/","later":true,"headers":{"x-a":["2"],"X-A":["1"]},"body":""}}`
	var r Record
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatal(err)
	}
	if r.Protocol != HTTP || r.Response != nil || r.Request.Body != nil {
		t.Errorf("got %+v", r)
	}
	if diff := cmp.Diff(http.Header{"X-A": {"1", "2"}}, r.Request.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func FuzzRecordJSON(f *testing.F) {
	line, _ := exchange().MarshalJSON()
	f.Add(line)
	f.Add([]byte(`{"id":"1","time":"2026-11-01T00:00:00Z","direction":"inbound",` +
		`"request":{"method":"A","url":"/"}}`))
	line, _ = query().MarshalJSON()
	f.Add(line)
	f.Fuzz(func(t *testing.T, line []byte) {
		var r, again Record
		if r.UnmarshalJSON(line) != nil {
			return
		}
		first, err := r.MarshalJSON()
		if plain := plainly(t, &r); err != nil || !bytes.Equal(first, plain) {
			t.Fatalf("%v: %s, by encoding/json %s", err, first, plain)
		}
		if err := again.UnmarshalJSON(first); err != nil {
			t.Fatalf("%v in %s", err, first)
		}
		second, err := again.MarshalJSON()
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v: %s became %s", err, first, second)
		}
	})
}
