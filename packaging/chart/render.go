// Renders the chart's templates as Helm does, with the engine that Helm is built on: Go's text/template and sprig.
//
//	render CHART NAME NAMESPACE [KEY=VALUE]...
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

func main() {
	if err := render(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render(chart, name, namespace string, set []string) error {
	values, about := map[string]interface{}{}, struct {
		AppVersion string `yaml:"appVersion"`
	}{}
	if err := read(filepath.Join(chart, "values.yaml"), &values); err != nil {
		return err
	}
	if err := read(filepath.Join(chart, "Chart.yaml"), &about); err != nil {
		return err
	}
	for _, pair := range set {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = value
	}
	data := map[string]interface{}{
		"Values":  values,
		"Chart":   about,
		"Release": map[string]string{"Name": name, "Namespace": namespace},
	}
	all := template.New("chart").Option("missingkey=error")
	functions := sprig.TxtFuncMap()
	functions["include"] = func(name string, data interface{}) (string, error) {
		var text bytes.Buffer
		err := all.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	functions["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	if _, err := all.Funcs(functions).ParseGlob(filepath.Join(chart, "templates", "*")); err != nil {
		return err
	}
	var names []string
	for _, one := range all.Templates() {
		if strings.HasSuffix(one.Name(), ".yaml") {
			names = append(names, one.Name())
		}
	}
	sort.Strings(names)
	for _, one := range names {
		var text bytes.Buffer
		if err := all.ExecuteTemplate(&text, one, data); err != nil {
			return err
		}
		if document := strings.TrimSpace(text.String()); document != "" {
			fmt.Printf("---\n%s\n", document)
		}
	}
	return nil
}

func read(path string, into interface{}) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(text, into)
}
