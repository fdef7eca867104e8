package process

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/services"
)

const statRow = "42 (a) b (c) S 1 40 40 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 8 0 12345 1000 7 " +
	"18446744073709551615 1 1"

func TestParseStat(t *testing.T) {
	got, err := parseStat(statRow)
	want := entry{pid: 42, parent: 1, group: 40, cpu: time.Second, memory: 7 * int64(os.Getpagesize())}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); diff != "" || err != nil {
		t.Errorf("error %v, entry (-want +got):\n%s", err, diff)
	}
	for name, row := range map[string]string{
		"empty": "", "no name": "42 S 1", "short": "42 (a) S 1 2 3",
		"words": "42 (a) S a b c d e f g h i j k l m n o p q r s t u v",
	} {
		if got, err := parseStat(row); err == nil {
			t.Errorf("%s: no error, got %+v", name, got)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add(statRow)
	f.Add(") (")
	f.Fuzz(func(t *testing.T, row string) {
		if e, err := parseStat(row); err != nil && e != (entry{}) {
			t.Errorf("an error and %+v", e)
		}
	})
}

func TestProcessesHasThisOne(t *testing.T) {
	all, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.pid == os.Getpid() {
			if e.parent != os.Getppid() || e.memory <= 0 || e.zombie {
				t.Errorf("got %+v", e)
			}
			return
		}
	}
	t.Error("this process is not in the table")
}

func TestServiceDiesWithAKilledParent(t *testing.T) {
	port, err := services.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), parentEnv+"="+strconv.Itoa(port))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "listening\n" {
		t.Fatalf("the parent wrote %q (%v)", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for services.CheckPort(services.Service{Port: port}) != nil {
		if time.Now().After(deadline) {
			t.Fatal("the service has outlived its parent")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
