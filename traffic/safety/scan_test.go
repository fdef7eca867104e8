package safety_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/safety"
)

// token is a JSON Web Token of nobody.
const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJlLW9mLW5vYm9keQ"

// made joins what must not stand in a source file as a whole.
func made(parts ...string) string { return strings.Join(parts, "") }

// found lists what a scan finds as "kind where".
func found(r *traffic.Record) (list []string) {
	safety.NewScanner().Scan(r, func(f safety.Finding) {
		where := f.Where
		if f.Answer {
			where = "response " + where
		}
		list = append(list, string(f.Kind)+" "+where)
	})
	return list
}

func get(url string) *traffic.Record {
	return &traffic.Record{ID: "1", Direction: traffic.Inbound, Request: &traffic.Request{Method: "GET", URL: url}}
}

func body(kind, text string) *traffic.Record {
	r := get("/")
	r.Request.Header = http.Header{"Content-Type": {kind}}
	r.Request.Body = []byte(text)
	return r
}

func header(name, value string) *traffic.Record {
	r := get("/")
	r.Request.Header = http.Header{name: {value}}
	return r
}

// key is what a private key looks like.
func key() string { return strings.Repeat("MIIEpAIBAAKCAQEA", 8) + "\n-----END RSA " }

const asJSON, asText, asForm = "application/json", "text/plain", "application/x-www-form-urlencoded"

func TestScanFinds(t *testing.T) {
	github := made("ghp_", strings.Repeat("aB3dE6", 6))
	pem := made(`{"k":"\n-----BEGIN `, `PRIVATE KEY-----\n`, `MIIE\/`+key()[:64]+`"}`)
	tests := map[string]struct {
		record *traffic.Record
		want   string
	}{
		"bearer":              {header("Authorization", "Bearer 8f1c2a7e-opaque"), "bearer header:Authorization"},
		"jwt":                 {header("Authorization", "Bearer "+token), "jwt header:Authorization"},
		"basic":               {header("Authorization", "Basic Ym9iOmh1bnRlcjI="), "basic header:Authorization"},
		"bare":                {header("Authorization", "8f1c2a7e"), "secret header:Authorization"},
		"other scheme":        {header("Proxy-Authorization", "Token 8f1c2a7e"), "secret header:Proxy-Authorization"},
		"header by name":      {header("X-Api-Key", "q8Zr71LmXw02bTn5"), "secret header:X-Api-Key"},
		"jwt elsewhere":       {header("X-Forwarded-User", token), "jwt header:X-Forwarded-User"},
		"cookie":              {header("Cookie", "theme=dark; JSESSIONID=A8F3C1D29E7B40"), "session cookie:JSESSIONID"},
		"mail in query":       {get("/find?who=bob%40corp.com"), "email query:who"},
		"mail as a parameter": {get("/find?bob@corp.com"), "email query:*"},
		"unusual parameter":   {get("/find?e%0Amail=bob@corp.com"), "email query:*"},
		"mail in path":        {get("/users/bob@corp.com/orders"), "email path"},
		"encoded path":        {get("/users/bob%40corp.com"), "email path"},
		"key in query":        {get("/x?api_key=q8Zr71LmXw02bTn5"), "secret query:api_key"},
		"json password":       {body(asJSON, `{"user":{"Password":"hunter2"}}`), "secret json:$.user.Password"},
		"json number":         {body(asJSON, `{"cvv":123}`), "secret json:$.cvv"},
		"json token":          {body(asJSON, `[{"access_token": "q8Zr71LmXw02bTn5"}]`), "secret json:$[*].access_token"},
		"json jwt":            {body(asJSON, `{"access_token":"`+token+`"}`), "jwt json:$.access_token"},
		"json mail":           {body(asJSON, `{"a":{},"i":[{"n":"\"q"},{"m":"bob@corp.com"}]}`), "email json:$.i[*].m"},
		"json card":           {body(asJSON, `{"card":{"number":"4539148803436467"}}`), "card json:$.card.number"},
		"card number":         {body(asJSON, `{"pan":4539148803436467}`), "card json:$.pan"},
		"made-up name":        {body(asJSON, `{"users":{"4711":{"mail":"bob@corp.com"}}}`), "email json:$.users.*.mail"},
		"mail as name":        {body(asJSON, `{"a":1,"bob@corp.com":{"x":1}}`), "email json:$.*"},
		"a text of json":      {body(asJSON, `"bob@corp.com"`), "email json:$"},
		"escaped mail":        {body(asJSON, `{"a":"\u0022","m":"x\nbob\u0040corp.com"}`), "email json:$.m"},
		"escaped jwt":         {body(asJSON, `{"t":"is:\n`+token+`"}`), "jwt json:$.t"},
		"escaped pem":         {body(asJSON, pem), "private_key json:$.k"},
		"escaped url":         {body(asJSON, `{"u":"https:\/\/bob:s3cr3t@corp.com\/x"}`), "basic json:$.u"},
		"json bearer":         {body(asJSON, `{"authorization":"Bearer 8f1c2a7e-opaque"}`), "secret json:$.authorization"},
		"encoded cookie":      {header("Cookie", "who=bob%40corp.com"), "email cookie:who"},
		"referer":             {header("Referer", "https://x.com/reset?a=1&token=q8Zr71LmXw02bTn5"), "secret header:Referer"},
		"location":            {header("Location", "/cb#mail=bob%40corp.com"), "email header:Location"},
		"broken coding":       {get("/users/bob%40corp.com/100%"), "email path"},
		"broken query":        {get("/x?q=100%+bob%40corp.com"), "email query:q"},
		"form":                {body(asForm, "user=bob&password=hunter2"), "secret form:password"},
		"form mail":           {body(asForm, "mail=bob%40corp.com&x=1"), "email form:mail"},
		"grouped card":        {body(asText, "pay 4539 1488 0343 6467 now"), "card body"},
		"dashed card":         {body(asText, "4539-1488-0343-6467."), "card body"},
		"amex":                {body(asText, "3714 496353 90123"), "card body"},
		"iban":                {body(asText, "to DE89370400440532013000, please"), "iban body"},
		"grouped iban":        {body(asText, "GB29 NWBK 6016 1331 9268 19"), "iban body"},
		"aws":                 {body(asText, made("AKIA", "Q3EGRKT5ZJ7WPL2X")), "key body"},
		"github":              {body(asText, github), "key body"},
		"github pat":          {body(asText, made("github_pat_", "11AAAAAAA0abcdefghij_xyz")), "key body"},
		"slack":               {body(asText, made("xoxb-", "123456789012-abcdef")), "key body"},
		"stripe":              {body(asText, made("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc")), "key body"},
		"google":              {body(asText, made("AIza", "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q")), "key body"},
		"pem":                 {body(asText, made("x\n-----BEGIN RSA ", "PRIVATE KEY-----\n", key())), "private_key body"},
		"url":                 {body(asText, "postgres://app:s3cr3t@db:5432/x"), "basic body"},
		"url, odd password":   {body(asText, "postgres://app:p%40s!x@db.corp.com/x"), "basic body"},
		"key as user of url":  {body(asText, "https://"+github+"@github.com/x"), "key body"},
		"html without tag":    {body("text/html", "<p>Bob &lt;bob@corp.com&gt;</p>"), "email body"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff([]string{tt.want}, found(tt.record)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScanLeavesAlone(t *testing.T) {
	tests := map[string]*traffic.Record{
		"redacted header":     header("Authorization", "REDACTED"),
		"redacted bearer":     header("Authorization", "Bearer REDACTED"),
		"redacted basic":      header("Authorization", "Basic Ym9iOlJFREFDVEVE"),
		"stars":               header("X-Api-Key", "****************"),
		"variable":            header("X-Api-Key", "${API_KEY_OF_SHADOW}"),
		"redacted json":       body(asJSON, `{"password":"REDACTED","token":null,"secret":false,"pin":0}`),
		"cursor":              body(asJSON, `{"next_page_token":"q8Zr71LmXw02bTn5aa"}`),
		"kind of token":       body(asJSON, `{"token_type":"Bearer","token":"short"}`),
		"a sentence":          body(asJSON, `{"secret":"ask the person who runs this"}`),
		"reserved domain":     body(asText, "bob@example.com, eve@mail.example.org, x@y.test"),
		"image":               body(asText, "icon@2x.png lib@1.2.3 user@host"),
		"test card":           body(asText, "4242 4242 4242 4242, 4111111111111111, 378282246310005"),
		"timestamps":          body(asJSON, `{"a":1763683200000,"b":1763683200000000,"c":1763683200000000000}`),
		"wrong check digit":   body(asText, "4539148803436468"),
		"part of longer":      body(asText, "14539148803436467 45391488034364671 x4539148803436467 4539148803436467e"),
		"fraction":            body(asText, "0.4539148803436467 4539148803436467.5"),
		"other groups":        body(asText, "453 91488 0343 6467"),
		"id":                  body(asJSON, `{"order_id":4539148803436467,"createdAt":"4539148803436467"}`),
		"wrong iban":          body(asText, "DE88370400440532013000 XX89370400440532013000"),
		"documentation":       body(asText, made("AKIAIOSFODNN7", "EXAMPLE")),
		"public key":          body(asText, "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"),
		"dots":                body(asText, "a.b.c eyJ.eyJ.x eyJhbGciOiJIUzI1NiJ9.x"),
		"code with keys":      body(asText, `pem = "-----BEGIN RSA PRIVATE KEY-----" + b + "-----END RSA PRIVATE KEY-----"`),
		"uuid":                body(asText, "5f0c3f1e-7a34-4f0e-9a53-2d2f6f3f1c9b"),
		"a cookie of a theme": header("Cookie", "theme=dark; lang=en; sid=1"),
		"an image":            body("image/png", "bob@corp.com"),
		"signs":               body(asText, "................ ++++++++++++++++ ----------------"),
		"nothing":             get("/orders/17?limit=2&sort="),
	}
	for name, record := range tests {
		t.Run(name, func(t *testing.T) {
			if list := found(record); len(list) > 0 {
				t.Errorf("found %q, expected nothing", list)
			}
		})
	}
}

func TestScanAnswerAndDatabase(t *testing.T) {
	text := func(s string) *string { return &s }
	r := get("/login")
	r.Response = &traffic.Response{
		Header: http.Header{"Set-Cookie": {"sid=A8F3C1D29E7B40; Path=/"}, "Content-Type": {asJSON}},
		Body:   []byte(`{"mail":"bob@corp.com"}`),
	}
	want := []string{"session response cookie:sid", "email response json:$.mail"}
	if diff := cmp.Diff(want, found(r)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	r = &traffic.Record{
		Protocol: traffic.Postgres,
		Request: &traffic.Request{Query: &traffic.Query{
			SQL:    "select * from users where mail = 'bob@corp.com' and id = $2",
			Params: []traffic.Param{{Value: nil}, {Value: text("eve@corp.com")}},
		}},
		Response: &traffic.Response{Result: &traffic.Result{
			Columns: []traffic.Column{{Name: "id"}, {Name: "password"}},
			Rows:    [][]*string{{text("7"), text("hunter2")}, {nil, nil}},
			Then:    []traffic.Result{{Columns: []traffic.Column{{Name: "pan"}}, Rows: [][]*string{{text("4539148803436467")}}}},
		}},
	}
	want = []string{"email sql", "email param:$2", "secret response column:password", "card response column:pan"}
	if diff := cmp.Diff(want, found(r)); diff != "" {
		t.Errorf("database (-want +got):\n%s", diff)
	}
}

// An error of a database often quotes the row.
func TestScanOfDatabaseErrors(t *testing.T) {
	r := &traffic.Record{Protocol: traffic.Postgres, Request: &traffic.Request{Query: &traffic.Query{SQL: "insert"}}}
	r.Response = &traffic.Response{Result: &traffic.Result{Error: &traffic.QueryError{
		SQLState: "23505", Message: "duplicate key",
		Fields: map[string]string{"detail": "Key (mail)=(bob@corp.com) already exists."},
	}}}
	if diff := cmp.Diff([]string{"email response error"}, found(r)); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestEndpointConcealsEncodedPaths(t *testing.T) {
	s := safety.NewScanner()
	if got := s.Endpoint(get("/users/bob%40corp.com")); got != "GET /users/{email}" {
		t.Errorf("got %q", got)
	}
	if got := s.Conceal("/to/postgres://a:4539148803436467!x@db.corp.com/%41"); strings.Contains(got, "4539") {
		t.Errorf("got %q", got)
	}
}

func TestMaskHidesValues(t *testing.T) {
	tests := map[string]struct {
		f    safety.Finding
		want string
	}{
		"mail":     {safety.Finding{Kind: safety.Email, Value: "bob.long@corp.co.uk"}, "b***@c***.uk"},
		"card":     {safety.Finding{Kind: safety.Card, Value: "4539148803436467"}, "***6467"},
		"iban":     {safety.Finding{Kind: safety.IBAN, Value: "DE89370400440532013000"}, "DE89***00"},
		"password": {safety.Finding{Kind: safety.Secret, Value: "hunter2hunter2"}, "***"},
		"token":    {safety.Finding{Kind: safety.JWT, Value: token}, "eyJh***eQ"},
		"unusual":  {safety.Finding{Kind: safety.Secret, Value: strings.Repeat("\u00fc\x00", 20)}, "***"},
		"key":      {safety.Finding{Kind: safety.PrivateKey, Value: "MIIEverything"}, "-----BEGIN ... PRIVATE KEY-----"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.f.Mask(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReport(t *testing.T) {
	s := safety.NewScanner()
	var report, other safety.Report
	records := []*traffic.Record{get("/users/bob@corp.com"), get("/users/eve@corp.com"), get("/x?password=hunter2")}
	for _, r := range records {
		s.Scan(r, func(f safety.Finding) { report.Add(r, s.Endpoint(r), f) })
	}
	other.Merge(&report)
	other.Merge(&report)
	want := []safety.Found{
		{Kind: safety.Secret, Where: "query:password", Endpoint: "GET /x", Count: 2, Sample: "***", Record: "1"},
		{Kind: safety.Email, Where: "path", Endpoint: "GET /users/{email}", Count: 4, Sample: "b***@c***.com", Record: "1"},
	}
	if diff := cmp.Diff(want, other.List()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	var endpoints []string
	for _, f := range other.Summed() {
		endpoints = append(endpoints, f.Endpoint)
	}
	if diff := cmp.Diff([]string{"GET /x", "GET /users/{email}"}, endpoints); diff != "" {
		t.Errorf("summed (-want +got):\n%s", diff)
	}
	again := safety.Load(other.List(), 3)
	again.Merge(&other)
	if again.More != 3 || again.List()[0].Count != 4 {
		t.Errorf("loaded and merged: %+v", again.List())
	}
}

func TestSummed(t *testing.T) {
	var report safety.Report
	for _, path := range []string{"/b", "/a", "/c", "/a"} {
		r := get(path + "?password=hunter2")
		s := safety.NewScanner()
		s.Scan(r, func(f safety.Finding) { report.Add(r, s.Endpoint(r), f) })
	}
	list := report.Summed()
	if len(list) != 1 || list[0].Count != 4 || list[0].Endpoint != "GET /a and 2 more" {
		t.Errorf("summed to %+v", list)
	}
}

func TestReportIsBounded(t *testing.T) {
	var report safety.Report
	r := get("/")
	for i := range safety.MostPlaces + 5 {
		report.Add(r, "GET /"+strings.Repeat("x", i), safety.Finding{Kind: safety.Email, Where: "path", Value: "a@b.de"})
	}
	if len(report.List()) != safety.MostPlaces || report.More != 5 {
		t.Errorf("%d places and %d more", len(report.List()), report.More)
	}
}

func TestScanOfHostileBodies(t *testing.T) {
	const mega = 1 << 20
	tests := map[string]struct {
		text string
		most int
	}{
		"deep":       {strings.Repeat("[", mega) + strings.Repeat(`"bob@corp.com",`, 1000), 1000},
		"names":      {strings.Repeat(`{"password":"hunter2","a":`, mega/30), mega},
		"quotes":     {strings.Repeat(`"`, mega), 0},
		"slashes":    {`{"` + strings.Repeat(`\`, mega), 0},
		"one string": {`["` + strings.Repeat("bob@corp.com ", 10_000) + strings.Repeat("x", 64*mega) + `"]`, 10_000},
		"at signs":   {strings.Repeat("a@b", mega/3), 0},
		"one token":  {strings.Repeat("a", mega) + "@" + strings.Repeat("b.", mega), 0},
		"keys begun": {strings.Repeat("-----BEGIN PRIVATE KEY-----", mega/27), 0},
		"digits":     {strings.Repeat("4539 ", mega/5), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if n := len(found(body(asJSON, tt.text))); n > tt.most || tt.most > 0 && n == 0 {
				t.Errorf("%d found, at most %d are there", n, tt.most)
			}
		})
	}
}

func FuzzScan(f *testing.F) {
	for _, text := range []string{
		`{"a":[{"password":"x\"y"},"bob@corp.com"]}`, "4539 1488 0343 6467", "DE89 3704 0044 0532 0130 00",
		"postgres://a:b@c", token, `"`, `{"password":`, `{"password":"`, "-----BEGIN PRIVATE KEY-----", "]}{[,:", "@",
		`{}"a@b.de`, `{"a":[]"b":"a@b.de"}`,
	} {
		f.Add(asJSON, text)
		f.Add(asForm, text)
		f.Add(asText, text)
	}
	f.Fuzz(func(t *testing.T, kind, text string) {
		r := body(kind, text)
		r.Request.URL = text
		r.Request.Header["Authorization"] = []string{text}
		r.Request.Header["Cookie"] = []string{text}
		safety.NewScanner().Scan(r, func(f safety.Finding) {
			if f.Value == "" || len(f.Value) > 12 && strings.Contains(f.Mask(), f.Value) {
				t.Errorf("%q at %s is shown as %q", f.Value, f.Where, f.Mask())
			}
		})
	})
}
