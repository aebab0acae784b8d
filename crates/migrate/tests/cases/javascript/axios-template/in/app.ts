import axios from "axios";
const HOST: string = "http://169.254.169.254";
export const get = (key: string) => axios.get(`${HOST}/latest/meta-data/${key}`);
