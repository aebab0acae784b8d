import org.apache.http.client.methods.HttpGet;
import org.apache.http.client.fluent.Request;
class B {
  HttpGet g = new HttpGet("http://169.254.169.254/latest/meta-data/instance-id");
  String s = Request.Get("http://169.254.169.254/latest/meta-data/instance-id").execute().returnContent().asString();
  private static final String EC2_URL = "http://169.254.169.254/latest/dynamic/instance-identity/document";
  WebTarget t = ClientBuilder.newClient().target(EC2_URL);
  Process p = Runtime.getRuntime().exec("curl -s http://169.254.169.254/latest/meta-data/instance-id");
}
