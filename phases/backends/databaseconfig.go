package backends

import (
	"crypto/rand"
	"regexp"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/postgres"
)

// Database is a real database that the application uses: one made for the run, filled from files, and
// put back to them for every attempt.
type Database struct {
	// Name by which ${databases.NAME.url} and gates refer to the database, and its host name in the
	// run's network: lower-case letters, digits and dashes.
	Name string `yaml:"name" jsonschema:"required"`
	// Type of the database.
	Type string `yaml:"type" jsonschema:"enum=postgres"`
	// Image of a container with the server: postgres:16 by default. It is an official image, or one
	// that is started in the same way.
	Image string `yaml:"image"`
	// URL of a server that runs already, such as postgres://user:password@127.0.0.1:5432/shop. Databases
	// named headgate_... are made there and removed again; the others are left alone.
	URL string `yaml:"url"`
	// Command starts the server as a local process: the program and its arguments. It has to listen at
	// 127.0.0.1, at ${self.port}, which is in the variable PORT too, and to let user in.
	Command spec.Strings `yaml:"command"`
	// User that connects, for image and command: postgres by default. It owns all that is made.
	User string `yaml:"user"`
	// Password of that user, for image and command. A container is given one that is made up.
	Password string `yaml:"password"`
	// Settings of the server in a container, as in postgresql.conf: max_connections: "200".
	Settings map[string]string `yaml:"settings"`
	// Env is the environment of the container or process.
	Env map[string]string `yaml:"env"`
	// Seed is what fills the database: files, folders and globs, in this order. Files are plain SQL, as
	// they are or packed with gzip or zstd, or dumps in pg_dump's custom format. Without it the database
	// is a copy of the one that the server, its image or the url comes with.
	Seed spec.Strings `yaml:"seed"`
	// Migrate is what is loaded after the seed, in the same forms.
	Migrate spec.Strings `yaml:"migrate"`
	// Schema says how to find out that the schema is the one that the application expects.
	Schema Schema `yaml:"schema"`
	// Isolation of the application's writes: shadow gives every attempt a fresh database of its own.
	Isolation string `yaml:"isolation" jsonschema:"enum=shadow,enum=rollback,enum=stub_writes,enum=replica"`
	// Ready says how to find out that the server is ready, besides that it answers a query.
	Ready services.Ready `yaml:"ready"`
	// Gates on the database's own metrics.
	Gates *spec.Node `yaml:"gates"`
}

// Schema is a query and what it has to give.
type Schema struct {
	// Query that gives one value, such as the last migration.
	Query string `yaml:"query" jsonschema:"required"`
	// Equals is the value that is expected, as text.
	Equals string `yaml:"equals" jsonschema:"required"`
}

// UnmarshalSpec fills in the defaults before reading.
func (d *Database) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	type plain Database
	*d = Database{Type: "postgres", Isolation: "shadow", Ready: services.DefaultReady()}
	d.Ready.Interval = spec.Duration(50 * time.Millisecond)
	d.Ready.Timeout = spec.Duration(time.Minute)
	return spec.Decode(n, (*plain)(d))
}

const defaultPostgres = "postgres:16"

// addDatabase checks the database's settings and compiles its gates.
func (p *Phase) addDatabase(c Database, at *spec.Node, in Inputs, ds *spec.Diagnostics) {
	p.pipeline.Metrics.Subject("databases", c.Name)
	d := &database{Database: c, pipeline: p.pipeline, fleet: in.Fleet}
	d.checkName(at, ds)
	d.checkServer(at, ds)
	d.checkIsolation(at, ds)
	if !in.GatesOnly {
		d.seed = d.find("seed", c.Seed, at, ds)
		d.migrations = d.find("migrate", c.Migrate, at, ds)
	}
	programs, more := gates.Parse(c.Gates, gates.Scope{
		Phase: engine.Backends, MetricScope: "databases", Subject: c.Name, Registry: p.pipeline.Metrics,
	})
	ds.Add(more)
	for _, g := range programs {
		for _, ref := range g.Refs {
			d.gated = append(d.gated, ref.Name)
		}
	}
	p.gates = append(p.gates, programs...)
	p.databases = append(p.databases, d)
}

var databaseName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

func (d *database) checkName(at *spec.Node, ds *spec.Diagnostics) {
	if d.Name != "" && !databaseName.MatchString(d.Name) {
		ds.Errorf(at.Key("name").Pos(), "use at most 40 lower-case letters, digits and dashes, a letter first",
			"%q cannot be the name of a database: it becomes a host name", d.Name)
	}
}

// checkServer sees that there is one server, and how it is logged in to.
func (d *database) checkServer(at *spec.Node, ds *spec.Diagnostics) {
	given := 0
	for _, is := range []bool{d.Image != "", d.URL != "", len(d.Command) > 0} {
		if is {
			given++
		}
	}
	if given > 1 {
		ds.Errorf(at.Pos(), "keep one of them", "database %s: image, url and command are three ways to have a server", d.Name)
		return
	}
	var unused []string
	switch {
	case d.URL != "":
		unused = []string{"user", "password", "settings", "env"}
		e, err := postgres.ParseURL(d.URL)
		if err != nil {
			ds.Errorf(at.Key("url").Pos(), "", "database %s: url: %v", d.Name, err)
		}
		d.endpoint = e
	case len(d.Command) > 0:
		unused = []string{"settings"}
		d.login(d.Password)
	default:
		if d.Image == "" {
			d.Image = defaultPostgres
		}
		if d.Password == "" {
			d.Password = rand.Text()
		}
		d.login(d.Password)
	}
	for _, key := range unused {
		if n := at.Key(key); n.Kind() != spec.Null {
			ds.Errorf(n.Pos(), "leave it out", "database %s: %s is not used with this kind of server", d.Name, key)
		}
	}
}

// login says as whom a server of the run's own is connected to.
func (d *database) login(password string) {
	d.pipeline.Document.Hide(password)
	d.endpoint = postgres.Endpoint{
		User: d.User, Password: password, Database: "postgres", Params: "sslmode=disable",
	}
	if d.User == "" {
		d.endpoint.User = "postgres"
	}
}

// checkIsolation refuses what cannot be done, and says why.
func (d *database) checkIsolation(at *spec.Node, ds *spec.Diagnostics) {
	reasons := map[string]string{
		"rollback":    "the application's transactions would have to be held open from outside, behind its back",
		"stub_writes": "the application talks to the server itself, so that its writes cannot be answered by another",
		"replica":     "a replica takes no databases of the run's own, and what the application writes would fail",
	}
	if why, refused := reasons[d.Isolation]; refused {
		ds.Errorf(at.Key("isolation").Pos(), "use isolation: shadow, a fresh copy for every attempt",
			"database %s: isolation %s cannot be done: %s", d.Name, d.Isolation, why)
	}
}

// find lists the files under a key and sees that they can be loaded.
func (d *database) find(key string, paths []string, at *spec.Node, ds *spec.Diagnostics) []string {
	items := at.Key(key).Items()
	var list []string
	for i, path := range paths {
		pos := at.Key(key).Pos()
		if i < len(items) {
			pos = items[i].Pos()
		}
		found, err := postgres.Find([]string{d.pipeline.Resolve(path)})
		for _, file := range found {
			dump, bad := postgres.IsDump(file)
			if err == nil {
				err = bad
			}
			if dump {
				d.dumps = append(d.dumps, file)
			}
		}
		if err != nil {
			ds.Errorf(pos, "", "database %s: %s: %v", d.Name, key, err)
		}
		list = append(list, found...)
	}
	return list
}

// unmeasured says why a metric never gets a value, or nothing.
func (d *database) unmeasured(ref metric.Ref) string {
	if ref.Name == "schema_current" && d.Schema.Query == "" {
		return "the database " + d.Name + " has no schema: {query, equals} to judge it by"
	}
	return ""
}

func (d *database) isGated(metric string) bool { return slices.Contains(d.gated, metric) }
