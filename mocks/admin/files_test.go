package admin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/admin"
)

func TestFiles(t *testing.T) {
	root := t.TempDir()
	outside := filepath.Join(root, "secret.txt")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, admin.Options{Root: root})
	w.want(first(w.call("PUT", "/__admin/files/dir/a.txt", "from a file")), 200, "put")
	if _, body := w.call("GET", "/__admin/files", ""); strings.TrimSpace(body) != `["dir/a.txt"]` {
		t.Errorf("list: %s", body)
	}
	if _, body := w.call("GET", "/__admin/files/dir/a.txt", ""); body != "from a file" {
		t.Errorf("get: %s", body)
	}
	w.want(first(w.call("POST", "/__admin/mappings", `{"persistent": true, "name": "kept",
		"request": {"url": "/f"}, "response": {"bodyFileName": "dir/a.txt"}}`)), 201, "add")
	if _, body := w.call("GET", "/f", ""); body != "from a file" {
		t.Errorf("the stub answers %q", body)
	}
	if again, err := mocks.LoadStubs(root); err != nil || len(again) != 1 || again[0].Name != "kept" {
		t.Errorf("the saved stub: %v, %v", again, err)
	}
	w.want(first(w.call("DELETE", "/__admin/mappings", "")), 200, "clear")
	if left, _ := filepath.Glob(filepath.Join(root, "mappings", "*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	for _, name := range []string{
		"%2e%2e%2fsecret.txt", "..%2Fsecret.txt", "%2Fetc%2Fpasswd", "dir%2F..%2F..%2Fsecret.txt",
	} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			status, body := w.call(method, "/__admin/files/"+name, "overwritten")
			if status != 422 {
				t.Errorf("%s %s: got %d %s", method, name, status, body)
			}
		}
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "secret" {
		t.Errorf("the file outside: %q, %v", text, err)
	}
	status, body := w.call("POST", "/__admin/mappings", `{"request": {}, "response": {"bodyFileName": "../secret.txt"}}`)
	if status != 422 {
		t.Errorf("bodyFileName out of the folder: got %d %s", status, body)
	}
	w.want(first(w.call("DELETE", "/__admin/files/dir/a.txt", "")), 200, "delete")
	w.want(w.get("/__admin/files/dir/a.txt"), 404, "deleted")
}

func first(status int, _ string) int { return status }
