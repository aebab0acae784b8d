using System.Net;
class A {
  const string Base = "http://169.254.169.254/latest/meta-data/";
  string A1() { return new WebClient().DownloadString(Base + "instance-id"); }
  async Task<string> B1() => await new HttpClient().GetStringAsync($"http://169.254.169.254/latest/meta-data/{key}");
  var c = new RestClient("http://169.254.169.254"); var q = new RestRequest("latest/meta-data/ami-id");
  var r = (HttpWebRequest)WebRequest.Create("http://169.254.169.254/latest/meta-data/mac");
  var id = Amazon.Util.EC2InstanceMetadata.InstanceId;
  var f = "http://169.254.169.254/latest/user-data".GetStringAsync(); 
}
