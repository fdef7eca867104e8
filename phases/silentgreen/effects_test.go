package silentgreen_test

import (
	"net/http"
	"sync/atomic"
	"testing"
)

// TestSilentGreenCalls holds services that answer as recorded, or nearly so, and call their dependency
// in another way.
func TestSilentGreenCalls(t *testing.T) {
	student := get("/students?id=20").json(`{"id":20,"name":"Ann"}`)
	rates := []exchange{get("/rate").json(`{"rate":1.1}`), get("/rate").json(`{"rate":1.2}`)}
	charge := post("/charges", `{"order":1,"amount":41.5}`).json(`{"ok":true}`)
	answer := get("/orders/1").json(order)
	pay := post("/orders/1/pay", `{"card":"x"}`).json(`{"paid":true}`)
	tenant := get("/prices").sending("X-Tenant", "acme").json(`{"price":7}`)
	cases := map[string]trial{
		"a second call answered from a cache": {
			recorded: []exchange{get("/quote").json(`{"rate":1.2}`).calling(rates...)},
			now:      []exchange{get("/quote").relaying(rates[0])},
			cause:    `dep: GET /rate was called once, recorded 2 times`,
		},
		"a call too many shifts the recorded sequence": {
			recorded: []exchange{
				get("/a").json(`{"rate":1.1}`).calling(rates[0]), get("/b").json(`{"rate":1.2}`).calling(rates[1]),
			},
			now:   []exchange{get("/a").relaying(rates[0], rates[0]), get("/b").relaying(rates[1])},
			cause: `dep: GET /rate was called 3 times, recorded 2 times`,
		},
		"another id in the query of a call": {
			recorded: []exchange{answer.calling(student)}, now: []exchange{answer.calling(get("/students?id=1"))},
			cause: `dep: GET /students\?id=1 is not called as recorded: .*recorded .*20.*got .*1`,
		},
		"another value in a path of a call": {
			recorded: []exchange{answer.calling(get("/students/20").json(`{}`))},
			now:      []exchange{answer.calling(get("/students/21"))},
			cause:    `dep: GET /students/21 is not called as recorded`,
		},
		"a further parameter in the query of a call": {
			recorded: []exchange{answer.calling(student)},
			now:      []exchange{answer.calling(get("/students?id=20&all=true"))},
			cause:    `dep: .*is not called as recorded`,
		},
		"another value of a header that was declared to matter": {
			recorded: []exchange{answer.calling(tenant)},
			now:      []exchange{answer.calling(tenant.sending("X-Tenant", "evil"))},
			mock:     `match: {headers: [X-Tenant]}`,
			cause:    `dep: GET /prices is not called as recorded: .*X-Tenant.*acme.*evil`,
		},
		"a header that was declared to matter is gone": {
			recorded: []exchange{answer.calling(tenant)}, now: []exchange{answer.calling(get("/prices"))},
			mock: `match: {headers: [X-Tenant]}`, cause: `dep: GET /prices is not called as recorded: .*X-Tenant`,
		},
		"a dropped call": {
			recorded: []exchange{answer.calling(student, charge)}, now: []exchange{answer.calling(student)},
			cause: `dep: POST /charges was never called, recorded once`,
		},
		"a write with another payload": {
			recorded: []exchange{pay.calling(charge)},
			now:      []exchange{pay.calling(post("/charges", `{"order":1,"amount":41}`))},
			cause:    `dep: POST /charges is not called as recorded: .*amount.*41`,
		},
		"a write done twice": {
			recorded: []exchange{pay.calling(charge)}, now: []exchange{pay.calling(charge, charge)},
			cause: `dep: POST /charges was called 2 times, recorded once`,
		},
		"a write whose amount is a string now": {
			recorded: []exchange{pay.calling(charge)},
			now:      []exchange{pay.calling(post("/charges", `{"order":1,"amount":"41.5"}`))},
			cause:    `dep: POST /charges is not called as recorded: .*amount`,
		},
		"the mocks are never called": {
			recorded: []exchange{answer.calling(student), pay.calling(charge)}, now: []exchange{answer, pay},
			cause: `dep: .* was never called, recorded once`,
		},
		"a call that was swallowed": {
			recorded: []exchange{answer.calling(student)},
			now:      []exchange{answer.calling(student, get("/audit/1"))},
			exit:     6, cause: `^recording: GET /audit/1 is not in the recording \(once\)`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.exit == 0 {
				c.exit = 1
			}
			c.judge(t)
		})
	}
}

// TestSilentGreenLive makes a call that no stub answers while the real dependency could.
func TestSilentGreenLive(t *testing.T) {
	var reached atomic.Int64
	answer := get("/orders/1").json(order)
	c := trial{
		recorded: []exchange{answer.calling(get("/students?id=20").json(`{"id":20}`))},
		now:      []exchange{answer.relaying(get("/students?id=21"))},
		live: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			reached.Add(1)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(order))
		}),
		exit: 1, cause: `dep: GET /students\?id=21 is not called as recorded`,
	}
	c.judge(t)
	if n := reached.Load(); n != 0 {
		t.Errorf("the live service was reached %d times", n)
	}
}
