//! How each language writes strings, calls and web requests.

use crate::language::Language;

/// What is known of one language.
pub(super) struct Dialect {
    language: Language,
    /// Its name.
    pub(super) name: &'static str,
    /// Nodes that are string literals or shell commands.
    pub(super) strings: &'static [&'static str],
    /// Nodes that are calls.
    pub(super) calls: &'static [&'static str],
    /// Words that tell that a file makes web calls.
    pub(super) clients: &'static [&'static str],
    /// What to write instead; `URL` stands for the URL as the code has it.
    pub(super) replacement: &'static str,
}

impl Dialect {
    pub(super) fn of(language: Language) -> Option<&'static Self> {
        DIALECTS.iter().find(|d| d.language == language)
    }
}

static DIALECTS: [Dialect; 7] = [
    Dialect {
        language: Language::JavaScript,
        name: "JavaScript",
        strings: &["string", "template_string"],
        calls: &["call_expression", "new_expression"],
        clients: &[
            "fetch(",
            "fetch'",
            "fetch\"",
            "axios",
            "http.get",
            "http.request",
            "got(",
            "got.",
            "request",
            "superagent",
            "undici",
            "needle",
            "ky(",
            "ky.",
            "phin",
            "XMLHttpRequest",
        ],
        replacement: "const token = await (await fetch(\"http://169.254.169.254/latest/api/token\", {\n  \
                      method: \"PUT\",\n  \
                      headers: { \"X-aws-ec2-metadata-token-ttl-seconds\": \"21600\" },\n\
                      })).text();\n\
                      await fetch(URL, { headers: { \"X-aws-ec2-metadata-token\": token } });",
    },
    Dialect {
        language: Language::Go,
        name: "Go",
        strings: &["interpreted_string_literal", "raw_string_literal"],
        calls: &["call_expression"],
        clients: &["net/http", "fasthttp", "resty", "heimdall", "grequests"],
        replacement: "ask, err := http.NewRequest(http.MethodPut, \"http://169.254.169.254/latest/api/token\", nil)\n\
                      ask.Header.Set(\"X-aws-ec2-metadata-token-ttl-seconds\", \"21600\")\n\
                      // http.DefaultClient.Do(ask), read the body into token, then\n\
                      req, err := http.NewRequest(http.MethodGet, URL, nil)\n\
                      req.Header.Set(\"X-aws-ec2-metadata-token\", string(token))\n\
                      resp, err := http.DefaultClient.Do(req)",
    },
    Dialect {
        language: Language::Ruby,
        name: "Ruby",
        strings: &["string", "subshell", "heredoc_body"],
        calls: &["call"],
        clients: &[
            "Net::HTTP",
            "open-uri",
            "URI",
            "RestClient",
            "HTTParty",
            "Faraday",
            "Excon",
            "Typhoeus",
            "HTTP.",
            "HTTPClient",
            "Curb",
            "Patron",
        ],
        replacement: "uri = URI(URL)\n\
                      Net::HTTP.start(uri.host, uri.port) do |http|\n  \
                      token = http.put(\"/latest/api/token\", nil, \"X-aws-ec2-metadata-token-ttl-seconds\" => \"21600\").body\n  \
                      http.get(uri.request_uri, \"X-aws-ec2-metadata-token\" => token).body\n\
                      end",
    },
    Dialect {
        language: Language::Php,
        name: "PHP",
        strings: &["string", "encapsed_string", "shell_command_expression"],
        calls: &[
            "function_call_expression",
            "member_call_expression",
            "scoped_call_expression",
            "object_creation_expression",
        ],
        clients: &[
            "file_get_contents",
            "curl_init",
            "curl_setopt",
            "fopen",
            "Guzzle",
            "HttpClient",
            "Http::",
            "wp_remote_get",
            "Unirest",
            "Requests::",
        ],
        replacement: "$token = file_get_contents('http://169.254.169.254/latest/api/token', false, stream_context_create(\n    \
                      ['http' => ['method' => 'PUT', 'header' => 'X-aws-ec2-metadata-token-ttl-seconds: 21600']]));\n\
                      file_get_contents(URL, false, stream_context_create(\n    \
                      ['http' => ['header' => \"X-aws-ec2-metadata-token: $token\"]]));",
    },
    Dialect {
        language: Language::Perl,
        name: "Perl",
        strings: &["string_literal", "interpolated_string_literal", "command_string"],
        calls: &[
            "function_call_expression",
            "ambiguous_function_call_expression",
            "method_call_expression",
        ],
        clients: &["LWP", "HTTP::Tiny", "HTTP::Request", "Mojo::UserAgent", "WWW::", "Furl"],
        replacement: "my $token = HTTP::Tiny->new->put('http://169.254.169.254/latest/api/token',\n    \
                      { headers => { 'X-aws-ec2-metadata-token-ttl-seconds' => 21600 } })->{content};\n\
                      HTTP::Tiny->new->get(URL, { headers => { 'X-aws-ec2-metadata-token' => $token } });",
    },
    Dialect {
        language: Language::Java,
        name: "Java",
        strings: &["string_literal"],
        calls: &["method_invocation", "object_creation_expression"],
        clients: &[
            "URLConnection",
            "HttpClient",
            "HttpGet",
            "java.net",
            "RestTemplate",
            "RestClient",
            "WebClient",
            "WebTarget",
            "OkHttp",
            "okhttp3",
            "Jsoup",
            "Unirest",
            "Request.Get",
        ],
        replacement: "HttpClient client = HttpClient.newHttpClient();\n\
                      String token = client.send(HttpRequest.newBuilder(URI.create(\"http://169.254.169.254/latest/api/token\"))\n    \
                      .header(\"X-aws-ec2-metadata-token-ttl-seconds\", \"21600\")\n    \
                      .PUT(HttpRequest.BodyPublishers.noBody()).build(), HttpResponse.BodyHandlers.ofString()).body();\n\
                      client.send(HttpRequest.newBuilder(URI.create(URL))\n    \
                      .header(\"X-aws-ec2-metadata-token\", token).build(), HttpResponse.BodyHandlers.ofString());",
    },
    Dialect {
        language: Language::CSharp,
        name: "C#",
        strings: &[
            "string_literal",
            "verbatim_string_literal",
            "interpolated_string_expression",
            "raw_string_literal",
        ],
        calls: &["invocation_expression", "object_creation_expression"],
        clients: &["HttpClient", "WebClient", "WebRequest", "RestClient", "Flurl", "Refit"],
        replacement: "var ask = new HttpRequestMessage(HttpMethod.Put, \"http://169.254.169.254/latest/api/token\");\n\
                      ask.Headers.Add(\"X-aws-ec2-metadata-token-ttl-seconds\", \"21600\");\n\
                      var token = await (await client.SendAsync(ask)).Content.ReadAsStringAsync();\n\
                      var request = new HttpRequestMessage(HttpMethod.Get, URL);\n\
                      request.Headers.Add(\"X-aws-ec2-metadata-token\", token);\n\
                      await client.SendAsync(request);",
    },
];
