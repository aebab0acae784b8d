#include <curl/curl.h>
#include <stdlib.h>

static const char *BASE = "http://169.254.169.254/latest/meta-data/"; // the service

int main(void) {
    CURL *c = curl_easy_init();
    curl_easy_setopt(c, CURLOPT_URL, "http://169.254.169.254/latest/meta-data/instance-id");
    curl_easy_perform(c);
    curl_easy_setopt(c, CURLOPT_URL, BASE); // curl http://169.254.169.254/latest/meta-data/
    return system("curl -s http://169.254.169.254/latest/meta-data/ami-id");
}
