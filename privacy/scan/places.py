"""Countries, states, large cities, and what their people are called: places that a text need not introduce."""


def _lines(text: str) -> list[str]:
    return [one.strip() for line in text.strip().splitlines() for one in line.split(",") if one.strip()]


COUNTRIES = _lines("""
Afghanistan, Albania, Algeria, Andorra, Angola, Antigua and Barbuda, Argentina, Armenia, Australia, Austria
Azerbaijan, Bahamas, Bahrain, Bangladesh, Barbados, Belarus, Belgium, Belize, Benin, Bermuda, Bhutan, Bolivia
Botswana, Brazil, Bosnia and Herzegovina, Bosnia, Brunei, Bulgaria, Burkina Faso, Burundi, Cambodia, Cameroon, Canada
Cape Verde, Chad, Central African Republic, Chile, China, Colombia, Comoros, Congo, Costa Rica, Croatia, Cuba, Cyprus
Czech Republic, Czechia, Denmark, Djibouti, Dominica, Dominican Republic, East Timor, Ecuador, Egypt, El Salvador
England, Equatorial Guinea, Eritrea, Estonia, Eswatini, Ethiopia, Faroe Islands, Fiji, Finland, France, Gabon, Gambia
Georgia, Germany, Ghana, Gibraltar, Great Britain, Greece, Greenland, Grenada, Guam, Guatemala, Guinea, Guyana, Haiti
Honduras, Hong Kong, Hungary, Iceland, India, Indonesia, Iran, Iraq, Ireland, Israel, Italy, Ivory Coast, Jamaica
Japan, Jordan, Kazakhstan, Kenya, Kiribati, Korea, Kosovo, Kuwait, Kyrgyzstan, Laos, Latvia, Lebanon, Lesotho, Liberia
Libya, Liechtenstein, Lithuania, Luxembourg, Macau, Macedonia, Madagascar, Malawi, Malaysia, Maldives, Mali, Malta
Martinique, Mauritania, Mauritius, Mexico, Micronesia, Moldova, Monaco, Mongolia, Montenegro, Morocco, Mozambique
Myanmar, Namibia, Nepal, Netherlands, New Zealand, Nicaragua, Niger, Nigeria, North Korea, North Macedonia
Northern Ireland, Norway, Oman, Pakistan, Palau, Palestine, Panama, Papua New Guinea, Paraguay, Peru, Philippines
Poland, Portugal, Puerto Rico, Qatar, Romania, Russia, Russian Federation, Rwanda, Samoa, San Marino, Saudi Arabia
Scotland, Senegal, Serbia, Seychelles, Sierra Leone, Singapore, Slovakia, Slovenia, Somalia, South Africa, South Korea
South Sudan, Spain, Sri Lanka, Sudan, Suriname, Swaziland, Sweden, Switzerland, Syria, Taiwan, Tajikistan, Tanzania
Thailand, Togo, Tonga, Trinidad, Trinidad and Tobago, Tunisia, Turkey, Turkmenistan, Tuvalu, Uganda, Ukraine
United Arab Emirates, United Kingdom, United States, United States of America, Uruguay, Uzbekistan, Vanuatu
Vatican City, Venezuela, Vietnam, Wales, Yemen, Zambia, Zimbabwe, USA, UK, U.S., U.K., U.S.A., UAE
""")

STATES = _lines("""
Alabama, Alaska, Arizona, Arkansas, California, Colorado, Connecticut, Delaware, Florida, Hawaii, Idaho, Illinois
Indiana, Iowa, Kansas, Kentucky, Louisiana, Maine, Maryland, Massachusetts, Michigan, Minnesota, Mississippi, Missouri
Montana, Nebraska, Nevada, New Hampshire, New Jersey, New Mexico, New York, North Carolina, North Dakota, Ohio
Oklahoma, Oregon, Pennsylvania, Rhode Island, South Carolina, South Dakota, Tennessee, Texas, Utah, Vermont
Washington, West Virginia, Wisconsin, Wyoming, Alberta, British Columbia, Manitoba, New Brunswick, Newfoundland
Nova Scotia, Ontario, Quebec, Saskatchewan, New South Wales, Queensland, Tasmania, Bavaria, Saxony, Hesse, Catalonia
Andalusia, Lombardy, Tuscany, Sicily, Brittany, Normandy, Provence, Punjab, Kerala, Gujarat, Maharashtra, Karnataka
Yorkshire, Cornwall, Kent, Essex, Sussex, Surrey, Norfolk, Suffolk, Devon, Somerset, Lancashire, Cheshire
""")

CITIES = _lines("""
Aberdeen, Abu Dhabi, Accra, Addis Ababa, Adelaide, Albuquerque, Amsterdam, Anchorage, Ankara, Antwerp, Athens, Atlanta
Auckland, Austin, Baghdad, Baku, Baltimore, Bangalore, Bangkok, Barcelona, Basel, Beijing, Beirut, Belfast, Belgrade
Bergen, Berlin, Bern, Bilbao, Birmingham, Bogota, Bologna, Bonn, Bordeaux, Boston, Bratislava, Bremen, Brighton
Brisbane, Bristol, Brno, Brooklyn, Brussels, Bucharest, Budapest, Buenos Aires, Buffalo, Cairo, Calgary, Cambridge
Canberra, Cape Town, Caracas, Cardiff, Casablanca, Chennai, Chicago, Christchurch, Cincinnati, Cleveland, Cologne
Copenhagen, Cork, Coventry, Dakar, Dallas, Damascus, Delhi, Denver, Derby, Detroit, Dhaka, Doha, Dortmund, Dresden
Dubai, Dublin, Durban, Dusseldorf, Edinburgh, Edmonton, El Paso, Essen, Florence, Fort Worth, Frankfurt, Fresno
Galway, Gdansk, Geneva, Genoa, Ghent, Glasgow, Gothenburg, Graz, Guadalajara, Hamburg, Hamilton, Hanoi, Hanover
Harare, Havana, Heidelberg, Helsinki, Ho Chi Minh City, Honolulu, Houston, Hyderabad, Indianapolis, Islamabad
Istanbul, Jacksonville, Jakarta, Jerusalem, Johannesburg, Kabul, Kansas City, Karachi, Kathmandu, Kiev, Kyiv, Kingston
Kolkata, Krakow, Kuala Lumpur, Kyoto, Lagos, Lahore, Las Vegas, Lausanne, Leeds, Leicester, Leipzig, Lille, Lima
Limerick, Lisbon, Liverpool, Ljubljana, London, Long Beach, Los Angeles, Louisville, Lucerne, Lyon, Madrid, Malaga
Malmo, Manchester, Manila, Marseille, Melbourne, Memphis, Mexico City, Miami, Milan, Milwaukee, Minneapolis
Montevideo, Montreal, Moscow, Mumbai, Munich, Nairobi, Nantes, Naples, Nashville, New Delhi, New Orleans
New York City, Newcastle, Nice, Nottingham, Nuremberg, Oakland, Odessa, Oklahoma City, Omaha, Orlando, Osaka, Oslo
Ottawa, Oxford, Palermo, Palo Alto, Paris, Perth, Philadelphia, Phoenix, Pittsburgh, Plymouth, Porto, Prague, Pretoria
Pune, Quito, Reykjavik, Riga, Rio de Janeiro, Riyadh, Rome, Rotterdam, Sacramento, Salt Lake City, Salzburg
San Antonio, San Diego, San Francisco, San Jose, Santiago, Sao Paulo, Sarajevo, Seattle, Seoul, Seville, Shanghai
Sheffield, Shenzhen, Sofia, Southampton, Stockholm, Strasbourg, Stuttgart, Sydney, Taipei, Tallinn, Tampa, Tehran
Tel Aviv, The Hague, Thessaloniki, Tokyo, Toronto, Toulouse, Trieste, Tucson, Tulsa, Tunis, Turin, Utrecht, Valencia
Vancouver, Venice, Verona, Vienna, Vilnius, Virginia Beach, Warsaw, Wellington, Wichita, Winnipeg, Wroclaw, Yokohama
York, Zagreb, Zaragoza, Zurich
""")

PEOPLES = _lines("""
Afghan, African, African-American, Albanian, Algerian, American, Angolan, Arab, Arabian, Argentinian, Argentine
Armenian, Asian, Australian, Austrian, Azerbaijani, Bahraini, Bangladeshi, Basque, Bavarian, Belarusian, Belgian
Bolivian, Bosnian, Brazilian, British, Briton, Bulgarian, Burmese, Cambodian, Cameroonian, Canadian, Catalan
Caucasian, Chilean, Chinese, Colombian, Congolese, Corsican, Croatian, Croat, Cuban, Cypriot, Czech, Danish, Dane
Dominican, Dutch, Dutchman, Ecuadorian, Egyptian, Emirati, English, Englishman, Englishwoman, Eritrean, Estonian
Ethiopian, European, Fijian, Filipino, Finnish, Finn, Flemish, French, Frenchman, Frenchwoman, Georgian, German
Ghanaian, Greek, Guatemalan, Haitian, Hawaiian, Hispanic, Honduran, Hungarian, Icelandic, Icelander, Indian
Indonesian, Iranian, Iraqi, Irish, Irishman, Irishwoman, Israeli, Italian, Jamaican, Japanese, Jordanian, Kazakh
Kenyan, Korean, Kurdish, Kurd, Kuwaiti, Laotian, Latino, Latina, Latvian, Lebanese, Liberian, Libyan, Lithuanian
Luxembourger, Macedonian, Malaysian, Maltese, Mexican, Moldovan, Mongolian, Montenegrin, Moroccan, Namibian, Nepalese
Nepali, Nicaraguan, Nigerian, Norwegian, Omani, Pakistani, Palestinian, Panamanian, Paraguayan, Persian, Peruvian
Polish, Polynesian, Portuguese, Qatari, Romanian, Russian, Rwandan, Saudi, Scandinavian, Scottish, Scot, Scotsman
Senegalese, Serbian, Serb, Singaporean, Slovak, Slovakian, Slovene, Slovenian, Somali, South African, Spanish
Spaniard, Sri Lankan, Sudanese, Swede, Swedish, Swiss, Syrian, Taiwanese, Tanzanian, Texan, Thai, Tibetan, Tunisian
Turk, Turkish, Ugandan, Ukrainian, Uruguayan, Uzbek, Venezuelan, Vietnamese, Welsh, Welshman, Yemeni, Zambian
Zimbabwean, New Zealander, Northern Irish, Jewish, Jew, Muslim, Christian, Catholic, Protestant, Hindu, Sikh, Buddhist
Mormon, Lutheran, Anglican, Methodist, Baptist, Orthodox, Sunni, Shia, Shiite, Quaker, Evangelical, Presbyterian
Zoroastrian, Christianity, Islam, Judaism, Hinduism, Buddhism, Sikhism, Atheist, Atheism
""")
