package main

import "net/http"

func contentType(media string) map[string]string { return map[string]string{"Content-Type": media} }

func direct() []step {
	return []step{
		{path: "/get?probe={visitor}"},
		{path: "/ip"},
		{path: "/status/200"},
		{path: "/headers"},
		{method: http.MethodPost, path: "/post", header: contentType("application/json"), body: `{"probe":"{visitor}"}`},
	}
}

func echoes() []step {
	return []step{
		{path: "/get?name={visitor}&tag=a&tag=b&empty="},
		{method: http.MethodHead, path: "/get"},
		{
			method: http.MethodPost, path: "/post?dry=1", header: contentType("application/json"),
			body: `{"name": "{visitor}", "sizes": [1, 2.50, 3e2], "nested": {"deep": null, "on": true}}`,
		},
		{
			method: http.MethodPost, path: "/post", header: contentType("application/x-www-form-urlencoded"),
			body: "name={visitor}&size=large&topping=bacon&topping=cheese",
		},
		{method: http.MethodPost, path: "/post", header: contentType("text/plain"), body: "a line of {visitor}"},
		{method: http.MethodPut, path: "/put", header: contentType("application/json"), body: `{"name":"{visitor}"}`},
		{method: http.MethodPatch, path: "/patch", header: contentType("application/json"), body: `[{"op":"remove"}]`},
		{method: http.MethodDelete, path: "/delete?id=17"},
		{path: "/headers", header: map[string]string{"X-Colour": "blue"}},
		{path: "/user-agent"},
		{path: "/ip"},
	}
}

func statuses() []step {
	return []step{
		{path: "/status/204", want: 204},
		{path: "/status/301", want: 301},
		{path: "/status/402", want: 402},
		{path: "/status/404", want: 404},
		{path: "/status/406", want: 406},
		{path: "/status/418", want: 418},
		{path: "/status/500", want: 500},
		{path: "/status/nine", want: 400},
		{path: "/no/such/page", want: 404},
		{method: http.MethodPost, path: "/get", want: 405},
	}
}

func cookies() []step {
	return []step{
		{path: "/cookies"},
		{path: "/cookies/set?basket=of-{visitor}", want: 302},
		{path: "/cookies", header: map[string]string{"Cookie": "basket=of-{visitor}"}},
		{path: "/cookies/set?theme=dark", want: 302, header: map[string]string{"Cookie": "basket=of-{visitor}"}},
		{path: "/cookies", header: map[string]string{"Cookie": "basket=of-{visitor}; theme=dark"}},
		{path: "/cookies/delete?basket", want: 302, header: map[string]string{"Cookie": "basket=of-{visitor}; theme=dark"}},
		{path: "/cookies", header: map[string]string{"Cookie": "theme=dark"}},
	}
}

// credentials signs in as user with the password pass (Basic: RFC 7617), and with other ones.
func credentials() []step {
	right := map[string]string{"Authorization": "Basic dXNlcjpwYXNz"}
	wrong := map[string]string{"Authorization": "Basic dXNlcjpndWVzcw=="}
	return []step{
		{path: "/basic-auth/user/pass", want: 401},
		{path: "/basic-auth/user/pass", header: wrong, want: 401},
		{path: "/basic-auth/user/pass", header: right},
		{path: "/hidden-basic-auth/user/pass", header: wrong, want: 404},
		{path: "/hidden-basic-auth/user/pass", header: right},
		{path: "/bearer", want: 401},
		{path: "/bearer", header: map[string]string{"Authorization": "Bearer token-of-{visitor}"}},
	}
}

func documents() []step {
	return []step{
		{path: "/json"},
		{path: "/xml"},
		{path: "/html"},
		{path: "/encoding/utf8"},
		{path: "/robots.txt"},
		{path: "/deny"},
		{path: "/forms/post"},
		{path: "/links/4/1"},
		{path: "/image/svg"},
		{path: "/image", header: map[string]string{"Accept": "image/png"}},
		{path: "/image", header: map[string]string{"Accept": "text/css"}, want: 415},
	}
}

func codings() []step {
	return []step{
		{path: "/gzip"},
		{path: "/deflate?level=none"},
		{path: "/base64/SGVhZGdhdGU="},
		{path: "/base64/encode/Headgate"},
		{path: "/base64/decode/SGVhZGdhdGU="},
		{path: "/base64/decode/!!!", want: 400},
		{path: "/uuid"},
	}
}

// identifiers uses what the service issues: the same session carries it on.
func identifiers() []step {
	return []step{
		{path: "/uuid", take: "$.uuid"},
		{path: "/anything/{uuid}/notes?of={uuid}"},
		{
			method: http.MethodPost, path: "/anything", header: contentType("application/json"),
			body: `{"ref": "{uuid}", "note": "about {uuid}"}`,
		},
		{path: "/get?ref={uuid}", header: map[string]string{"X-Ref": "{uuid}"}},
		{path: "/response-headers?X-Ref={uuid}"},
		{path: "/uuid"},
	}
}

func caches() []step {
	return []step{
		{path: "/cache", take: "ETag"},
		{path: "/cache", header: map[string]string{"If-None-Match": "{etag}"}, want: 304},
		{path: "/cache/60"},
		{path: "/etag/blue"},
		{path: "/etag/blue", header: map[string]string{"If-None-Match": `"blue"`}, want: 304},
		{path: "/etag/blue", header: map[string]string{"If-Match": `"red"`}, want: 412},
	}
}

// chunks asks for bytes made from a seed and for parts of a known text.
func chunks() []step {
	return []step{
		{path: "/bytes/64?seed=7"},
		{path: "/stream-bytes/200?seed=3&chunk_size=50"},
		{path: "/range/52"},
		{path: "/range/52", header: map[string]string{"Range": "bytes=3-9"}, want: 206},
		{path: "/range/52", header: map[string]string{"Range": "bytes=90-"}, want: 416},
		{path: "/stream/3"},
		{path: "/drip?numbytes=5&duration=0.01&delay=0"},
	}
}

func redirects() []step {
	return []step{
		{path: "/redirect/1", want: 302},
		{path: "/redirect/3", want: 302},
		{path: "/relative-redirect/2", want: 302},
		{path: "/absolute-redirect/2", want: 302},
		{path: "/redirect-to?url=/get&status_code=307", want: 307},
		{path: "/redirect-to?url=elsewhere", want: 302},
		{path: "/redirect/none", want: 400},
		{path: "/links/4", want: 302},
	}
}

func headers() []step {
	return []step{
		{path: "/response-headers"},
		{path: "/response-headers?X-Colour=blue&X-Colour=red"},
		{path: "/response-headers?Cache-Control=no-store"},
		{path: "/response-headers?Content-Type=text/plain"},
		{
			method: http.MethodOptions, path: "/get",
			header: map[string]string{"Origin": "https://shop.example", "Access-Control-Request-Method": "PUT"},
		},
	}
}

func odds() []step {
	return []step{
		{path: "/delay/0"},
		{path: "/delay/0.02"},
		{path: "/delay/soon", want: 400},
		{path: "/unstable?seed=1&failure_rate=0"},
		{path: "/hostname"},
		{method: http.MethodPost, path: "/anything/else", header: contentType("text/plain"), body: "of {visitor}"},
		{path: "/dump/request?plain=1"},
	}
}
